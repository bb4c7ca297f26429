import type { Local } from "../../local/host/runtime.ts";
import { everyone, userRoom } from "../../protocol/ids.ts";
import type { ServiceStep } from "./generator.ts";
import type { History } from "./history.ts";

/** Possible targets of a push. */
export interface Audience {
  rooms: readonly string[];
  subjects: readonly string[];
}
type Push = Omit<ServiceStep, "afterMs">;

const maxAttempts = 3;

/** Pushes one message as a backend service does: it retries only a push that has a `messageId`. */
export async function push(
  local: Local,
  history: History,
  eventName: string,
  audience: Audience,
  { to, index, qos, sends }: Push,
): Promise<void> {
  const { target, rooms } = targetOf(audience, to, index);
  const body = JSON.stringify({
    ...target,
    eventName,
    data: null,
    qos,
    ...(sends !== "once" && { messageId: eventName }),
  });
  const send = () => post(local, body);
  const sent = history.recordSend(eventName, rooms, qos === 1);
  history.traceEvent("service", `pushes ${eventName} to ${rooms} at qos ${qos}, ${sends}`);
  const recordReply = (code: string) => {
    history.recordReply(sent, code === "0000");
    history.traceEvent("service", `${code} ${eventName}`);
    return code === "0000";
  };
  if (sends === "doubled") await Promise.all([send().then(recordReply), send().then(recordReply)]);
  else for (let attempt = 1; !recordReply(await send()) && sends === "retried" && attempt < maxAttempts; attempt += 1);
}

/** Pushes one message to everyone, and records it in all histories. */
export async function pushToEveryone(local: Local, eventName: string, histories: readonly History[]): Promise<void> {
  const sent = histories.map((history) => history.recordSend(eventName, [everyone], true));
  const code = await post(local, JSON.stringify({ eventName, data: null }));
  for (const [i, history] of histories.entries()) {
    history.traceEvent("service", `${code} ${eventName}`);
    const own = sent[i];
    if (own) history.recordReply(own, code === "0000");
  }
}

/** @returns the code of the reply, or the error as text */
async function post({ restUrl, apiKey }: Local, body: string): Promise<string> {
  try {
    const headers = { "x-api-key": apiKey, "content-type": "application/json" };
    const response = await fetch(`${restUrl}/push`, { method: "POST", headers, body });
    return ((await response.json()) as { code: string }).code;
  } catch (error) {
    return String(error);
  }
}

function targetOf({ rooms, subjects }: Audience, to: Push["to"], index: number) {
  const at = (names: readonly string[]) => names[index % names.length] ?? "";
  switch (to) {
    case "room":
      return { target: { roomId: at(rooms) }, rooms: [at(rooms)] };
    case "rooms":
      return { target: { roomId: rooms }, rooms: [...rooms] };
    case "user":
      return { target: { userId: at(subjects) }, rooms: [userRoom(at(subjects))] };
    case "everyone":
      return { target: {}, rooms: [everyone] };
  }
}
