import { frameCodes, pushCodes } from "../../protocol/codes.ts";
import type { LoginFrame, RoomToRestore } from "../../protocol/frames.ts";
import { roomIdProblem } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { parseClientFrame, roomToRestoreProblem } from "../../protocol/parse-frame.ts";
import type { PollRequest, poll } from "../domain/login/poll.ts";
import type { Deps } from "../domain/model/deps.ts";
import { serializePollResponse } from "../domain/wire/serialize.ts";
import type { PageAuth } from "../runtime/auth.ts";
import { logError } from "../runtime/log.ts";
import { headerOf } from "./header-of.ts";
import { isAllowedOrigin } from "./on-handshake.ts";
import { json, type RestEvent, type RestResult } from "./rest-event.ts";

/** `GET /poll`, for pages whose proxy blocks WebSockets. The token is in `Authorization: Bearer …`. */
export const onPoll =
  (deps: () => Deps, pageAuth: () => PageAuth, operation: typeof poll) =>
  async (event: RestEvent): Promise<RestResult> => {
    const { allowedOrigins, verify } = pageAuth();
    const origin = headerOf(event.headers, "origin");
    const mayRead = origin !== undefined && isAllowedOrigin(allowedOrigins, origin);
    // A proxy that stored a response would return it to the next poll.
    const headers = {
      "Cache-Control": "no-store",
      ...(mayRead && { "Access-Control-Allow-Origin": origin, Vary: "Origin" }),
    };
    const fail = (name: "unauthorizedToken" | "pollWrong" | "serverTrouble", msg: string) =>
      json(pushCodes[name].status, { code: pushCodes[name].code, msg }, headers);

    const token = /^Bearer (.+)$/.exec(headerOf(event.headers, "authorization") ?? "")?.[1];
    const claims = token === undefined ? { refused: "no token" } : await verify(token);
    if ("refused" in claims) return fail("unauthorizedToken", "the token is missing or not valid, get a new one");
    const parsed = requestOf(event);
    if (typeof parsed === "string") return fail("pollWrong", parsed);
    try {
      const caller = { ...claims, requestedAtMs: event.requestContext.requestTimeEpoch };
      const response = await operation(deps(), caller, parsed.request);
      return json(200, serializePollResponse({ ...response, rooms: [...response.rooms, ...parsed.refused] }), headers);
    } catch (error) {
      logError("poll", error);
      return fail("serverTrouble", "server trouble, poll again");
    }
  };

interface ParsedPoll {
  request: PollRequest;
  /** Replies to rooms that cannot be parsed. One malformed room does not fail the poll. */
  refused: LoginFrame[];
}

/** @returns the problem as text if the request as a whole is not a poll */
function requestOf({ queryStringParameters }: RestEvent): ParsedPoll | string {
  const { session, rooms = "[]", leave = "[]", ...others } = queryStringParameters ?? {};
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) {
    return `unknown parameter ${JSON.stringify(unknown.slice(0, 32))}, allowed are session, rooms, leave`;
  }
  const list = parseList(rooms);
  if (!list) return "rooms should be a JSON array";
  if (list.length > limits.roomsPerHello)
    return `rooms has ${list.length} entries, allowed are ${limits.roomsPerHello}`;
  const checked = list.map((room) => ({ room, problem: roomToRestoreProblem(room) }));
  const valid = checked.filter(({ problem }) => problem === undefined).map(({ room }) => room as RoomToRestore);
  // The other rules are those of `hello`.
  const frame = parseClientFrame(JSON.stringify({ action: "hello", session, rooms: valid }));
  if (!("action" in frame)) return frame.data.msg.replace(/^hello: /, "");
  const leaving = parseList(leave);
  if (!leaving || leaving.length > limits.roomsPerHello) {
    return `leave should be a JSON array of at most ${limits.roomsPerHello} room ids`;
  }
  const problem = leaving.map(roomIdProblem).find((each) => each !== undefined);
  if (problem !== undefined) return `leave: ${problem}`;
  return {
    request: {
      rooms: valid,
      ...(session !== undefined && { session }),
      ...(leaving.length > 0 && { leave: leaving as string[] }),
    },
    refused: checked.flatMap(({ room, problem }) => (problem === undefined ? [] : [refusalOf(room, problem)])),
  };
}

/** The reply that a `loginRoom` frame would get. It has no `ref`; the `roomId` tells the replies apart. */
function refusalOf(room: unknown, problem: string): LoginFrame {
  const { roomId } = Object(room) as { roomId?: unknown };
  const data = { code: frameCodes.loginFailed, msg: `loginRoom: ${problem}` };
  return { type: "loginFailed", eventName: "loginRoomResp", data, ...(typeof roomId === "string" && { roomId }) };
}

function parseList(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
