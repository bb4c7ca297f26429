import { frameCodes, pushCodes } from "../../protocol/codes.ts";
import type { LoginFrame, RoomToRestore } from "../../protocol/frames.ts";
import { roomIdProblem } from "../../protocol/ids.ts";
import { limits } from "../../protocol/limits.ts";
import { parseClientFrame, roomToRestoreProblem } from "../../protocol/parse-frame.ts";
import type { PollRequest, poll } from "../domain/login/poll.ts";
import type { Deps } from "../domain/model/deps.ts";
import { serializeAnswer } from "../domain/wire/serialize.ts";
import type { Handshake } from "../runtime/auth.ts";
import { logError } from "../runtime/log.ts";
import { headerOf } from "./header-of.ts";
import { isAmong } from "./on-handshake.ts";
import { json, type RestEvent, type RestResult } from "./rest-event.ts";

/** `GET /poll`, for pages whose proxy kills WebSockets. The token comes as `Authorization: Bearer …`. */
export const onPoll =
  (deps: () => Deps, handshake: () => Handshake, rule: typeof poll) =>
  async (event: RestEvent): Promise<RestResult> => {
    const { allowedOrigins, read } = handshake();
    const origin = headerOf(event.headers, "origin");
    const mayRead = origin !== undefined && isAmong(allowedOrigins, origin);
    // A proxy that kept an answer would show it to the next poll.
    const headers = {
      "Cache-Control": "no-store",
      ...(mayRead && { "Access-Control-Allow-Origin": origin, Vary: "Origin" }),
    };
    const fail = (name: "unauthorizedToken" | "pollWrong" | "serverTrouble", msg: string) =>
      json(pushCodes[name].status, { code: pushCodes[name].code, msg }, headers);

    const token = /^Bearer (.+)$/.exec(headerOf(event.headers, "authorization") ?? "")?.[1];
    const claims = token === undefined ? { refused: "no token" } : await read(token);
    if ("refused" in claims) return fail("unauthorizedToken", "the token is missing or not valid, get a new one");
    const asked = requestOf(event);
    if (typeof asked === "string") return fail("pollWrong", asked);
    try {
      const caller = { ...claims, requestedAtMs: event.requestContext.requestTimeEpoch };
      const answer = await rule(deps(), caller, asked.request);
      return json(200, serializeAnswer({ ...answer, rooms: [...answer.rooms, ...asked.refused] }), headers);
    } catch (error) {
      logError("poll", error);
      return fail("serverTrouble", "server trouble, poll again");
    }
  };

interface Asked {
  request: PollRequest;
  /** Answers to the wishes that cannot be read: on a WebSocket each would be a frame of its own. */
  refused: LoginFrame[];
}

/** @returns why this is no poll at all, as text */
function requestOf({ queryStringParameters }: RestEvent): Asked | string {
  const { session, rooms = "[]", leave = "[]", ...others } = queryStringParameters ?? {};
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) {
    return `unknown parameter ${JSON.stringify(unknown.slice(0, 32))}, allowed are session, rooms, leave`;
  }
  const list = parseList(rooms);
  if (!list) return "rooms should be a JSON array";
  if (list.length > limits.roomsPerHello)
    return `rooms has ${list.length} entries, allowed are ${limits.roomsPerHello}`;
  const read = list.map((room) => ({ room, problem: roomToRestoreProblem(room) }));
  const readable = read.filter(({ problem }) => problem === undefined).map(({ room }) => room as RoomToRestore);
  // The rest is as in a `hello`.
  const frame = parseClientFrame(JSON.stringify({ action: "hello", session, rooms: readable }));
  if (!("action" in frame)) return frame.data.msg.replace(/^hello: /, "");
  const left = parseList(leave);
  if (!left || left.length > limits.roomsPerHello) {
    return `leave should be a JSON array of at most ${limits.roomsPerHello} room ids`;
  }
  const problem = left.map(roomIdProblem).find((each) => each !== undefined);
  if (problem !== undefined) return `leave: ${problem}`;
  return {
    request: {
      rooms: readable,
      ...(session !== undefined && { session }),
      ...(left.length > 0 && { leave: left as string[] }),
    },
    refused: read.flatMap(({ room, problem }) => (problem === undefined ? [] : [refusalOf(room, problem)])),
  };
}

/** In the words that a `loginRoom` frame would be refused with. It has no `ref`: the id says which one is meant. */
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
