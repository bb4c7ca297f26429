import type { Settings } from "./state.ts";

/** The stage `socket` of the stack that served this page. */
export function webSocketUrlOf(page: Location): string {
  return `${page.protocol === "https:" ? "wss:" : "ws:"}//${page.host}/socket`;
}

/** What the local runtime hands to pages on its own machine; nothing if it does not. */
export async function loadKeys(): Promise<Partial<Settings>> {
  try {
    const response = await fetch("/endpoints.json");
    if (!response.ok) return {};
    const { token, apiKey } = (await response.json()) as Partial<Settings>;
    return { ...(token && { token }), ...(apiKey && { apiKey }) };
  } catch {
    return {}; // The keys can be typed in.
  }
}
