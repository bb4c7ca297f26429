import { type LoginPolicy, loginPolicies } from "../protocol/ids.ts";

export interface Login {
  room: string;
  policy: LoginPolicy;
}

/** `?room=456&policy=loginWhenLast`, so that a second tab is one click away and a reload forgets nothing. */
export function readAddress(query: string): Login {
  const values = new URLSearchParams(query);
  const policy = loginPolicies.find((known) => known === values.get("policy"));
  return { room: values.get("room") ?? "456", policy: policy ?? loginPolicies[0] };
}

export const addressOf = ({ room, policy }: Login) => `?${new URLSearchParams({ room, policy })}`;
