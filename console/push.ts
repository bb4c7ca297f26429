import type { Answer, PushForm } from "./state.ts";

/** Why this is no JSON, or `undefined`. */
export function jsonProblem(text: string): string | undefined {
  if (text.trim() === "") return "Data is empty. Any JSON will do, null included.";
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `Not JSON: ${error instanceof Error ? error.message : error}`;
  }
}

/** The body of `POST /push`; `dataText` goes in as it was typed. */
export function pushBody({ to, roomId, userId, eventName, dataText }: PushForm): string {
  const target = { room: { roomId }, user: { userId }, everyone: {} }[to];
  const head = JSON.stringify({ ...target, eventName });
  return `${head.slice(0, -1)},"data":${dataText.trim()}}`;
}

/** The push as a line for a POSIX shell. */
export function curlLine(pushUrl: string, apiKey: string, push: PushForm): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    `curl ${quoted(pushUrl)}`,
    `-H ${quoted(`x-api-key: ${apiKey}`)}`,
    `-H 'content-type: application/json'`,
    `-d ${quoted(pushBody(push))}`,
  ].join(" \\\n  ");
}

export async function sendPush(pushUrl: string, apiKey: string, push: PushForm): Promise<Answer> {
  const headers = { "x-api-key": apiKey, "content-type": "application/json" };
  try {
    const response = await fetch(pushUrl, { method: "POST", headers, body: pushBody(push) });
    return answerOf(response.status, await response.text());
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { at: "failed", code: "", msg: `${pushUrl} could not be reached: ${why}` };
  }
}

function answerOf(status: number, text: string): Answer {
  const { code, msg } = parsed(text);
  if (typeof code !== "string" || typeof msg !== "string") {
    return { at: "failed", code: String(status), msg: text.slice(0, 200) || "an answer without a body" };
  }
  return { at: code === "0000" ? "ok" : "failed", code, msg };
}

function parsed(text: string): { code?: unknown; msg?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
