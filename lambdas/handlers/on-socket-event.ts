import { frameCodes } from "../../protocol/codes.ts";
import { type Action, type FrameOf, type Ref, routes, type ServerFrame } from "../../protocol/frames.ts";
import { namesIn, parseClientFrame, type Refused, refused } from "../../protocol/parse-frame.ts";
import { rawMember } from "../../protocol/raw-json.ts";
import { claimsOf } from "../adapters/tokens/tokens.ts";
import type { Caller } from "../domain/model/connection.ts";
import type { Deps } from "../domain/model/deps.ts";
import type { PublishOf } from "../domain/push/publish.ts";
import { post } from "../domain/send/post.ts";
import { serializeFrame } from "../domain/wire/serialize.ts";
import { logError } from "../runtime/log.ts";
import { accepted, type SocketEvent, type SocketResult } from "./socket-event.ts";

/** A frame that no Lambda handles is answered by API Gateway alone. */
type Handled = Exclude<Action, "heartbeat">;
export interface SocketRules {
  connect(deps: Deps, caller: Caller): Promise<void>;
  disconnect(deps: Deps, connectionId: string): Promise<void>;
  frames: { [A in Handled]: (deps: Deps, caller: Caller, frame: Ruled<A>) => Promise<ServerFrame | undefined> };
}
/** A frame as the rules take it: what is published stays the text that it came as. */
type Ruled<A extends Handled> = A extends "publish" ? PublishOf : FrameOf<A>;

/** All routes of the WebSocket API: an event becomes a caller and a frame, an answer becomes a route response, or a post. */
export const onSocketEvent =
  (deps: () => Deps, rules: SocketRules) =>
  async (event: SocketEvent): Promise<SocketResult> => {
    const { routeKey, connectionId } = event.requestContext;
    if (routeKey === "$disconnect") {
      await rules.disconnect(deps(), connectionId);
      return { statusCode: 200 };
    }
    if (routeKey === "$connect") {
      const caller = authorizedCaller(event);
      if (!caller) throw new Error("$connect came without an authorizer; lib/socket-api.ts should attach it");
      await rules.connect(deps(), caller);
      return accepted(event);
    }
    const reply = await answer(deps(), rules, event);
    if (!reply) return { statusCode: 200 };
    if (!isPosted(routeKey)) return { statusCode: 200, body: serializeFrame(reply) };
    await postReply(deps(), event, reply);
    return { statusCode: 200 };
  };

/** Whether the route has no response, and what it does say is posted. */
const isPosted = (routeKey: string) => (routes as Record<string, string>)[routeKey] === "posted";

/** Nothing is lost with it: what waits behind an ack is sent by the next look, and a mistake is made again. */
async function postReply(deps: Deps, { requestContext }: SocketEvent, reply: ServerFrame): Promise<void> {
  const { routeKey, connectionId } = requestContext;
  try {
    await post(deps, connectionId, serializeFrame(reply));
  } catch (error) {
    logError("frame", error, { routeKey, connectionId });
  }
}

async function answer(deps: Deps, rules: SocketRules, event: SocketEvent): Promise<ServerFrame | undefined> {
  const { requestContext, body } = event;
  const { routeKey, connectionId } = requestContext;
  const frame = parseClientFrame(body);
  const refuse = (refusal: Refused) => asRouteFailure(routeKey, refusal, body);
  if (!("action" in frame)) return refuse(frame);
  const { ref } = frame;
  if (frame.action === "heartbeat") throw new Error("heartbeat reached a Lambda; lib/socket-api.ts should mock it");
  try {
    // AWS promises the authorizer's word for `$connect` only; the connection's row has it too.
    const known = authorizedCaller(event) ?? (await deps.connections.get(connectionId));
    if (!known) return refuse(refused("5001", "the connection is not known any more", ref));
    const caller: Caller = { ...known, requestedAtMs: requestContext.requestTimeEpoch };
    const rule = rules.frames[frame.action] as SocketRules["frames"][Handled & "hello"];
    const ruled = frame.action === "publish" ? { ...frame, rawData: rawMember(body ?? "", ["data"]) } : frame;
    const reply = await rule(deps, caller, ruled as FrameOf<"hello">);
    return reply && withRef(reply, ref);
  } catch (error) {
    logError("frame", error, { routeKey, connectionId });
    return refuse(refused("5001", "server trouble, try again", ref));
  }
}

type Names = ReturnType<typeof namesIn>;
/** Pages that wait for a reply know it by its event name, so a refused login is told as one. */
const failureOf: Record<string, (msg: string, names: Names) => ServerFrame> = {
  hello: (msg) => ({ type: "helloFailed", eventName: "connetResp", data: { code: frameCodes.helloFailed, msg } }),
  loginRoom: (msg, { roomId }) => ({
    type: "loginFailed",
    eventName: "loginRoomResp",
    data: { code: frameCodes.loginFailed, msg },
    ...(roomId !== undefined && { roomId }),
  }),
  publish: (msg, { clientMessageId }) => ({
    type: "publishFailed",
    eventName: "publishResp",
    data: { code: frameCodes.publishFailed, msg },
    ...(clientMessageId !== undefined && { clientMessageId }),
  }),
  replay: (msg) => ({ type: "replayFailed", eventName: "replayResp", data: { code: frameCodes.replayFailed, msg } }),
  leaveRoom: (msg, { roomId }) => ({
    type: "leaveFailed",
    eventName: "leaveRoomResp",
    data: { code: frameCodes.leaveFailed, msg },
    ...(roomId !== undefined && { roomId }),
  }),
};

function asRouteFailure(routeKey: string, refusal: Refused, body: string | undefined): ServerFrame {
  const failure = failureOf[routeKey]?.(refusal.data.msg, namesIn(body));
  return failure ? withRef(failure, refusal.ref) : refusal;
}

const withRef = (frame: ServerFrame, ref: Ref | undefined) =>
  ref === undefined ? frame : ({ ...frame, ref } as ServerFrame);

/** Who the authorizer said it is. */
function authorizedCaller({ requestContext }: SocketEvent): Caller | undefined {
  const { connectionId, connectedAt, authorizer } = requestContext;
  if (!authorizer?.subject) return undefined;
  return { connectionId, transport: "websocket", connectedAtMs: connectedAt, ...claimsOf(authorizer) };
}
