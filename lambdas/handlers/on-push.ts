import { type PushCode, pushCodes } from "../../protocol/codes.ts";
import { limits } from "../../protocol/limits.ts";
import { parsePush } from "../../protocol/push.ts";
import type { Deps } from "../domain/model/deps.ts";
import type { push } from "../domain/push/push.ts";
import type { pushStatus } from "../domain/push/status.ts";
import type { waitForAcks } from "../domain/push/wait-for-acks.ts";
import { logError } from "../runtime/log.ts";
import { json, type RestEvent, type RestResult } from "./rest-event.ts";

interface PushRules {
  push: typeof push;
  pushStatus: typeof pushStatus;
  waitForAcks: typeof waitForAcks;
}

/** `POST /push` and `GET /push/{messageId}`. */
export const onPush =
  (deps: () => Deps, rules: PushRules) =>
  async (event: RestEvent): Promise<RestResult> => {
    const messageId = event.pathParameters?.messageId;
    return messageId === undefined ? post(deps, rules, event) : status(deps, rules, messageId);
  };

/** Reads either form of body and answers in the same form. */
async function post(deps: () => Deps, rules: PushRules, { body, isBase64Encoded }: RestEvent): Promise<RestResult> {
  const text = body && isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
  const parsed = parsePush(text ?? undefined);
  if (!parsed.ok) return answer(parsed.wrapped, parsed.refusal.code, parsed.refusal.msg);
  try {
    const { waitFor, ...request } = parsed.push;
    const accepted = await rules.push(deps(), request);
    if ("code" in accepted) return answer(parsed.wrapped, accepted.code, accepted.msg);
    const { messageId, records } = accepted;
    const acked = waitFor && (await rules.waitForAcks(deps(), records, waitFor));
    return answer(parsed.wrapped, "ok", "ok", { messageId, ...acked });
  } catch (error) {
    logError("push", error);
    return answer(parsed.wrapped, "serverTrouble", "server trouble, send it again");
  }
}

interface AcceptedBody {
  messageId: string;
  /** With `waitFor`: whether so many have acked in time, and how many have. */
  reached?: boolean;
  acks?: number;
}

function answer(wrapped: boolean, name: PushCode, msg: string, accepted?: AcceptedBody): RestResult {
  const { code, status } = pushCodes[name];
  if (!wrapped) return json(status, { code, msg, ...accepted });
  const { messageId: MESSAGE_ID, reached: REACHED, acks: ACKS } = accepted ?? {};
  return json(status, { ROOT: { BODY: { RETURN_CODE: code, RETURN_MSG: msg, MESSAGE_ID, REACHED, ACKS } } });
}

async function status(deps: () => Deps, rules: PushRules, pathParameter: string): Promise<RestResult> {
  try {
    for (const messageId of idsOf(pathParameter)) {
      const rooms = await rules.pushStatus(deps(), messageId);
      if (rooms) return json(200, { code: pushCodes.ok.code, msg: "ok", messageId, rooms });
    }
    const { code, status } = pushCodes.notFound;
    return json(status, {
      code,
      msg: "no such message of the last 24 hours; at qos 0 only one with a messageId is known",
    });
  } catch (error) {
    logError("push status", error);
    const { code, status } = pushCodes.serverTrouble;
    return json(status, { code, msg: "server trouble, ask again" });
  }
}

/** A publish's id holds its sender, percent-encoded: up to three times as long. Nothing longer fits into a key. */
const maxIdBytes = 3 * limits.subjectBytes + "/".length + 3 * limits.messageIdChars;

/**
 * Which messages may be meant. A publish's id, `<subject, percent-encoded>/<clientMessageId>`, has percent signs itself: in
 * the path it may be encoded or as it is, and was then decoded by whoever carried it.
 */
function idsOf(pathParameter: string): string[] {
  const id = decoded(pathParameter);
  const [subject = "", ...rest] = id?.split("/") ?? [];
  const ids = [id, pathParameter, rest.length > 0 ? [encodeURIComponent(subject), ...rest].join("/") : undefined];
  return [...new Set(ids)].filter((each) => each !== undefined && Buffer.byteLength(each) <= maxIdBytes) as string[];
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
