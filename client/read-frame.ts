import type { ServerFrame } from "../protocol/frames.ts";
import type { Event } from "./state.ts";

/** What arrived, or `undefined` for what no server of ours sends. Pages keep old clients for days: nothing here throws. */
export function readFrame(text: string): Event | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { type, message } = value as { type?: unknown; message?: unknown };
  if (typeof type === "string") return ["frame", value as ServerFrame];
  // API Gateway's own frames have no type: {"message": "Internal server error", "connectionId":…, "requestId":…}
  return typeof message === "string" ? ["trouble", message] : undefined;
}
