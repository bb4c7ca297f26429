import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/**
 * The next thing that a process tells.
 *
 * @throws if it ends instead
 */
export async function events<T>(child: ChildProcess, what = "a process of this benchmark"): Promise<T> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, "exit", { signal }).then(() => Promise.reject(new Error(`${what} has ended`)));
  ended.catch(() => {});
  try {
    const [message] = await Promise.race([once(child, "message", { signal }), ended]);
    return message;
  } finally {
    over.abort();
  }
}

/** Tells a process something and waits for what it tells then. */
export function send<T>(child: ChildProcess, question: object | number | string): Promise<T> {
  const answer = events<T>(child);
  child.send(question);
  return answer;
}
