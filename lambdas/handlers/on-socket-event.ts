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
import { connectResponse, type SocketEvent, type SocketResult } from "./socket-event.ts";

type Routes = typeof routes;
type ActionsBy<Kind extends Routes[Action]> = { [A in Action]: Routes[A] extends Kind ? A : never }[Action];
/** Actions that API Gateway answers without a function. */
type Mocked = ActionsBy<"mock">;
type Handled = Exclude<Action, Mocked>;
/** A frame as its operation takes it. `publish` also has its `data` as the text that the client sent. */
type Parsed<A extends Handled> = A extends "publish" ? PublishOf : FrameOf<A>;

/** The domain's operations. A client frame without an operation does not compile, unless its route is a `mock`. */
export interface SocketOperations {
  connect(deps: Deps, caller: Caller): Promise<void>;
  disconnect(deps: Deps, connectionId: string): Promise<void>;
  frames: { [A in Handled]: (deps: Deps, caller: Caller, frame: Parsed<A>) => Promise<ServerFrame | undefined> };
}

/** All routes of the WebSocket API. A reply is the route's response, or a post if the route has none. */
export const onSocketEvent =
  (deps: () => Deps, operations: SocketOperations) =>
  async (event: SocketEvent): Promise<SocketResult> => {
    const { eventType, routeKey, connectionId } = event.requestContext;
    if (eventType === "DISCONNECT") {
      await operations.disconnect(deps(), connectionId);
      return { statusCode: 200 };
    }
    if (eventType === "CONNECT") {
      const caller = authorizedCaller(event);
      if (!caller) throw new Error("$connect came without an authorizer; lib/socket-api.ts should attach it");
      await operations.connect(deps(), caller);
      return connectResponse(event);
    }
    const reply = await replyTo(deps(), operations, event);
    if (!reply) return { statusCode: 200 };
    if (routeKindOf(routeKey) !== "posted") return { statusCode: 200, body: serializeFrame(reply) };
    await postReply(deps(), event, reply);
    return { statusCode: 200 };
  };

const routeKindOf = (routeKey: string) => (routes as Partial<Record<string, Routes[Action]>>)[routeKey];

/** A failed post loses nothing: the next ack check redelivers, and a frame that is refused again gets another reply. */
async function postReply(deps: Deps, { requestContext }: SocketEvent, reply: ServerFrame): Promise<void> {
  const { routeKey, connectionId } = requestContext;
  try {
    await post(deps, connectionId, serializeFrame(reply));
  } catch (error) {
    logError("frame", error, { routeKey, connectionId });
  }
}

async function replyTo(deps: Deps, operations: SocketOperations, event: SocketEvent): Promise<ServerFrame | undefined> {
  const { requestContext, body } = event;
  const { routeKey, connectionId } = requestContext;
  const frame = parseClientFrame(body);
  const refuse = (refusal: Refused) => asRouteFailure(routeKey, refusal, body);
  if (!("action" in frame)) return refuse(frame);
  const { action, ref } = frame;
  if (isMocked(action)) throw new Error(`${action} reached a Lambda; lib/socket-api.ts should mock it`);
  try {
    // AWS promises the authorizer's context for `$connect` only. The connection's row has the same values.
    const known = authorizedCaller(event) ?? (await deps.connections.get(connectionId));
    if (!known) return refuse(refused("5001", "the connection is not known any more", ref));
    const caller: Caller = { ...known, requestedAtMs: requestContext.requestTimeEpoch };
    const parsed = action === "publish" ? { ...frame, rawData: rawMember(body ?? "", ["data"]) } : frame;
    // The compiler cannot see that the operation and the frame are of the same action.
    const operation = operations.frames[action] as SocketOperations["frames"][Handled & "hello"];
    const reply = await operation(deps, caller, parsed as FrameOf<"hello">);
    return reply && withRef(reply, ref);
  } catch (error) {
    logError("frame", error, { routeKey, connectionId });
    return refuse(refused("5001", "server trouble, try again", ref));
  }
}

const isMocked = (action: Action): action is Mocked => routes[action] === "mock";

type FailureFrame = (msg: string, names: ReturnType<typeof namesIn>) => ServerFrame;

/**
 * Failures of the actions that have a route response, and so a reply event that pages wait for. Other refused frames get
 * `refused`. An answered action without an entry does not compile.
 */
export const failureOf = {
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
} as const satisfies Record<ActionsBy<"answered">, FailureFrame>;

/** The refusal as the route's own failure frame, if the route has one. */
function asRouteFailure(routeKey: string, refusal: Refused, body: string | undefined): ServerFrame {
  const failure = (failureOf as Partial<Record<string, FailureFrame>>)[routeKey];
  return failure ? withRef(failure(refusal.data.msg, namesIn(body)), refusal.ref) : refusal;
}

const withRef = (frame: ServerFrame, ref: Ref | undefined) =>
  ref === undefined ? frame : ({ ...frame, ref } as ServerFrame);

/** The caller as the authorizer identified it. */
function authorizedCaller({ requestContext }: SocketEvent): Caller | undefined {
  const { connectionId, connectedAt, authorizer } = requestContext;
  if (!authorizer?.subject) return undefined;
  return { connectionId, transport: "websocket", connectedAtMs: connectedAt, ...claimsOf(authorizer) };
}
