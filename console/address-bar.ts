import { type LoginPolicy, loginPolicies } from "../protocol/ids.ts";

export interface Login {
  room: string;
  policy: LoginPolicy;
}

/**
 * Reads the login form's values from the query string, for example `?room=456&policy=loginWhenLast`. They survive a
 * reload, and a link opens a second tab with them.
 */
export function readAddress(query: string): Login {
  const values = new URLSearchParams(query);
  const policy = loginPolicies.find((known) => known === values.get("policy"));
  return { room: values.get("room") ?? "456", policy: policy ?? loginPolicies[0] };
}

export const addressOf = ({ room, policy }: Login) => `?${new URLSearchParams({ room, policy })}`;
