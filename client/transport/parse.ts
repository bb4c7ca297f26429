import type { Event } from "../core/events.ts";

/**
 * Parses a frame from the server.
 *
 * @returns the event for the reducer; `undefined` for anything else, binary frames included. Never throws: old clients
 *   stay in use for days while the server changes.
 */
export function parseFrame(text: unknown): Event | undefined {
  try {
    const value = JSON.parse(text as string);
    if (value.type) return ["frame", value];
    // API Gateway's own errors have no type: {"message": "Internal server error", "connectionId":…, "requestId":…}
    if (value.message) return ["gatewayError", value.message];
  } catch {}
  return undefined;
}
