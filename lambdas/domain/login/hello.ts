import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import type { FrameOf, ServerFrame } from "../../../protocol/frames.ts";
import { everyone, ownRoom } from "../../../protocol/ids.ts";
import { missedBytes } from "../log/read.ts";
import type { Caller } from "../model/connection.ts";
import type { Deps } from "../model/deps.ts";
import { restoreRoom } from "./resume.ts";

/** Handles `hello`, the first frame of a connection: sets its session and restores its rooms, all in parallel. */
export async function hello(deps: Deps, caller: Caller, frame: FrameOf<"hello">): Promise<ServerFrame> {
  const { session, probe = false, acks = false, rooms = [] } = frame;
  const as = { session, newSession: deps.newId(), probe, acks };
  const known = await deps.connections.identify(caller.connectionId, as);
  if (known === "gone") return failed("the connection is not known any more, connect again");
  if (known === "refused") return failed("hello should come before the first login, and with one session only");
  const self = { ...known, requestedAtMs: caller.requestedAtMs };
  // A client that acks needs its position in `@all` and `@user` too, of which it is a member without a login.
  const implicit = [everyone, ownRoom].filter((name) => acks && !rooms.some(({ roomId }) => roomId === name));
  const wanted = [...implicit.map((roomId) => ({ roomId })), ...rooms];
  const budgetBytes = missedBytes / Math.max(1, rooms.length);
  const restored = await Promise.all(wanted.map((room) => restoreRoom(deps, self, room, budgetBytes)));
  const data = { code: frameCodes.connected, msg: frameTexts.connected };
  return { type: "connected", eventName: "connetResp", data, session: self.session, rooms: restored };
}

function failed(msg: string): ServerFrame {
  return { type: "helloFailed", eventName: "connetResp", data: { code: frameCodes.helloFailed, msg } };
}
