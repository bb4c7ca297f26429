import type { Settings } from "./state.ts";

/** WebSocket URL of the stack that served this page: its stage `socket`. */
export function webSocketUrlOf(page: Location): string {
  return `${page.protocol === "https:" ? "wss:" : "ws:"}//${page.host}/socket`;
}

/** Loads the keys that the local runtime provides to pages on the same machine. Empty if there are none. */
export async function loadKeys(): Promise<Partial<Settings>> {
  try {
    const response = await fetch("/endpoints.json");
    if (!response.ok) return {};
    const { token, apiKey } = (await response.json()) as Partial<Settings>;
    return { ...(token && { token }), ...(apiKey && { apiKey }) };
  } catch {
    return {}; // The user can enter the keys.
  }
}
