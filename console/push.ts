import type { CallStatus, PushForm } from "./state.ts";

/** @returns why the text is not valid JSON, `undefined` if it is */
export function jsonProblem(text: string): string | undefined {
  if (text.trim() === "") return "Data is empty. Enter any JSON value, for example null.";
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return `Not JSON: ${error instanceof Error ? error.message : error}`;
  }
}

/** The body of `POST /push`. Contains `dataText` unchanged. */
export function pushBody({ to, roomId, userId, eventName, dataText }: PushForm): string {
  const target = { room: { roomId }, user: { userId }, everyone: {} }[to];
  const head = JSON.stringify({ ...target, eventName });
  return `${head.slice(0, -1)},"data":${dataText.trim()}}`;
}

/** The push as a `curl` command for a POSIX shell. */
export function curlCommand(pushUrl: string, apiKey: string, push: PushForm): string {
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  return [
    `curl ${quoted(pushUrl)}`,
    `-H ${quoted(`x-api-key: ${apiKey}`)}`,
    `-H 'content-type: application/json'`,
    `-d ${quoted(pushBody(push))}`,
  ].join(" \\\n  ");
}

/** Sends the push. Never rejects. */
export async function sendPush(pushUrl: string, apiKey: string, push: PushForm): Promise<CallStatus> {
  const headers = { "x-api-key": apiKey, "content-type": "application/json" };
  try {
    const response = await fetch(pushUrl, { method: "POST", headers, body: pushBody(push) });
    return statusOf(response.status, await response.text());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: "failed", code: "", msg: `${pushUrl} could not be reached: ${reason}` };
  }
}

function statusOf(status: number, text: string): CallStatus {
  const { code, msg } = parse(text);
  if (typeof code !== "string" || typeof msg !== "string") {
    return { kind: "failed", code: String(status), msg: text.slice(0, 200) || "a response without a body" };
  }
  return { kind: code === "0000" ? "ok" : "failed", code, msg };
}

function parse(text: string): { code?: unknown; msg?: unknown } {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}
