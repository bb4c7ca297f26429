import type { Event } from "../core/state.ts";

/**
 * What arrived, or `undefined` for what no server of ours sends, binary frames among it. Pages keep old clients for
 * days: nothing here throws.
 */
export function readFrame(text: unknown): Event | undefined {
  try {
    const value = JSON.parse(text as string);
    if (value.type) return ["frame", value];
    // API Gateway's own frames have no type: {"message": "Internal server error", "connectionId":…, "requestId":…}
    if (value.message) return ["trouble", value.message];
  } catch {}
  return undefined;
}
