import { pushCodes } from "../../../protocol/codes.ts";
import { roomIdProblem } from "../../../protocol/ids.ts";
import { limits } from "../../../protocol/limits.ts";
import { parseClientFrame } from "../../../protocol/parse-frame.ts";
import { frameJson } from "../../domain/frame-text.ts";
import type { Deps } from "../../domain/ports.ts";
import type { PollRequest, poll } from "../../domain/rooms/poll.ts";
import { logError } from "../log.ts";
import { headerOf } from "./header-of.ts";
import { type Handshake, isAmong } from "./on-handshake.ts";
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
    const asked = helloOf(event);
    if (typeof asked === "string") return fail("pollWrong", asked);
    try {
      return json(
        200,
        frameJson(await rule(deps(), { ...claims, askedAtMs: event.requestContext.requestTimeEpoch }, asked)),
        headers,
      );
    } catch (error) {
      logError("poll", error);
      return fail("serverTrouble", "server trouble, poll again");
    }
  };

/** A poll asks what a `hello` asks, so it is read as one. */
function helloOf({ queryStringParameters }: RestEvent): PollRequest | string {
  const { session, rooms = "[]", leave = "[]", ...others } = queryStringParameters ?? {};
  const unknown = Object.keys(others)[0];
  if (unknown !== undefined) {
    return `unknown parameter ${JSON.stringify(unknown.slice(0, 32))}, allowed are session, rooms, leave`;
  }
  const list = parseList(rooms);
  if (!list) return "rooms should be a JSON array";
  const frame = parseClientFrame(JSON.stringify({ action: "hello", session, rooms: list }));
  if (!("action" in frame)) return frame.data.msg.replace(/^hello: /, "");
  const left = parseList(leave);
  if (!left || left.length > limits.roomsPerHello) {
    return `leave should be a JSON array of at most ${limits.roomsPerHello} room ids`;
  }
  const problem = left.map(roomIdProblem).find((each) => each !== undefined);
  if (problem !== undefined) return `leave: ${problem}`;
  return {
    rooms: list as PollRequest["rooms"],
    ...(session !== undefined && { session }),
    ...(left.length > 0 && { leave: left as string[] }),
  };
}

function parseList(text: string): unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
