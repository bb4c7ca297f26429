import { frameCodes, frameTexts } from "../../protocol/codes.ts";
import type { FrameOf, ServerFrame } from "../../protocol/frames.ts";
import type { Caller, Deps } from "./ports.ts";
import { restoreRoom } from "./restore-room.ts";

/** The client's first frame: makes its session known and gives it its rooms back, in one round trip. */
export async function hello(deps: Deps, caller: Caller, frame: FrameOf<"hello">): Promise<ServerFrame> {
  const session = frame.session ?? deps.newId();
  const self = await deps.connections.identify(caller.connectionId, session, frame.probe ?? false);
  if (self === "gone") return failed("the connection is not known any more, connect again");
  if (self === "refused") return failed("hello should come before the first login, and with one session only");
  const rooms = await Promise.all((frame.rooms ?? []).map((room) => restoreRoom(deps, self, room)));
  const data = { code: frameCodes.connected, msg: frameTexts.connected };
  return { type: "connected", eventName: "connetResp", data, session, rooms };
}

function failed(msg: string): ServerFrame {
  return { type: "helloFailed", eventName: "connetResp", data: { code: frameCodes.helloFailed, msg } };
}
