import { type PushCode, pushCodes } from "../../protocol/codes.ts";
import { parsePush } from "../../protocol/push.ts";
import type { PushDeps } from "../domain/ports.ts";
import type { push } from "../domain/push.ts";
import { logError } from "./log.ts";

export interface RestEvent {
  body: string | null;
  isBase64Encoded: boolean;
}
export interface RestResult {
  statusCode: number;
  headers: Record<string, string>;
  body: string;
}

/** `POST /push`: reads either form of body and answers in the same form. */
export const onPush =
  (deps: () => PushDeps, rule: typeof push) =>
  async ({ body, isBase64Encoded }: RestEvent): Promise<RestResult> => {
    const text = body && isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
    const parsed = parsePush(text ?? undefined);
    if (!parsed.ok) return answer(parsed.wrapped, parsed.refusal.code, parsed.refusal.msg);
    try {
      const result = await rule(deps(), parsed.push);
      return "messageId" in result
        ? answer(parsed.wrapped, "ok", "ok", result.messageId)
        : answer(parsed.wrapped, result.code, result.msg);
    } catch (error) {
      logError("push", error);
      return answer(parsed.wrapped, "serverTrouble", "server trouble, send it again");
    }
  };

function answer(wrapped: boolean, name: PushCode, msg: string, messageId?: string): RestResult {
  const { code, status } = pushCodes[name];
  const body = wrapped
    ? { ROOT: { BODY: { RETURN_CODE: code, RETURN_MSG: msg, ...(messageId && { MESSAGE_ID: messageId }) } } }
    : { code, msg, ...(messageId && { messageId }) };
  return { statusCode: status, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
}
