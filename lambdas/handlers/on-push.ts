import { type PushCode, pushCodes } from "../../protocol/codes.ts";
import { limits } from "../../protocol/limits.ts";
import { parsePush } from "../../protocol/push.ts";
import type { Deps } from "../domain/model/deps.ts";
import type { push } from "../domain/push/push.ts";
import type { pushStatus } from "../domain/push/status.ts";
import type { waitForAcks } from "../domain/push/wait-for-acks.ts";
import { logError } from "../runtime/log.ts";
import { json, type RestEvent, type RestResult } from "./rest-event.ts";

interface PushOperations {
  push: typeof push;
  pushStatus: typeof pushStatus;
  waitForAcks: typeof waitForAcks;
}

/** `POST /push` and `GET /push/{messageId}`. */
export const onPush =
  (deps: () => Deps, operations: PushOperations) =>
  async (event: RestEvent): Promise<RestResult> => {
    const messageId = event.pathParameters?.messageId;
    return messageId === undefined ? post(deps, operations, event) : status(deps, operations, messageId);
  };

/** Accepts both forms of body, `ROOT`/`BODY` and plain, and responds in the same form. */
async function post(
  deps: () => Deps,
  operations: PushOperations,
  { body, isBase64Encoded }: RestEvent,
): Promise<RestResult> {
  const text = body && isBase64Encoded ? Buffer.from(body, "base64").toString() : body;
  const parsed = parsePush(text ?? undefined);
  if (!parsed.ok) return respond(parsed.wrapped, parsed.refusal.code, parsed.refusal.msg);
  try {
    const { waitFor, ...request } = parsed.push;
    const accepted = await operations.push(deps(), request);
    if ("code" in accepted) return respond(parsed.wrapped, accepted.code, accepted.msg);
    const { messageId, records } = accepted;
    const acked = waitFor && (await operations.waitForAcks(deps(), records, waitFor));
    return respond(parsed.wrapped, "ok", "ok", { messageId, ...acked });
  } catch (error) {
    logError("push", error);
    return respond(parsed.wrapped, "serverTrouble", "server trouble, send it again");
  }
}

interface AcceptedBody {
  messageId: string;
  /** With `waitFor`: whether enough users have acked in time, and how many have. */
  reached?: boolean;
  acks?: number;
}

function respond(wrapped: boolean, name: PushCode, msg: string, accepted?: AcceptedBody): RestResult {
  const { code, status } = pushCodes[name];
  if (!wrapped) return json(status, { code, msg, ...accepted });
  const { messageId: MESSAGE_ID, reached: REACHED, acks: ACKS } = accepted ?? {};
  return json(status, { ROOT: { BODY: { RETURN_CODE: code, RETURN_MSG: msg, MESSAGE_ID, REACHED, ACKS } } });
}

async function status(deps: () => Deps, operations: PushOperations, pathParameter: string): Promise<RestResult> {
  try {
    for (const messageId of idsOf(pathParameter)) {
      const rooms = await operations.pushStatus(deps(), messageId);
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

/** The longest id is that of a published message, with its sender percent-encoded, in bytes. No longer id can exist. */
const maxIdBytes = 3 * limits.subjectBytes + "/".length + 3 * limits.messageIdChars;

/**
 * The message ids that a path parameter may stand for, the likeliest first. The id of a published message,
 * `<percent-encoded subject>/<clientMessageId>`, contains percent signs. A caller may encode it for the path or not, and
 * API Gateway or a proxy may have decoded it.
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
