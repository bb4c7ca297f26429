import { frameCodes, frameTexts } from "../../../protocol/codes.ts";
import { wireRoomOf } from "../model/room.ts";
import { rawFrame, serializeFrame } from "./serialize.ts";

/**
 * Several messages of a room in one frame, without a request. It says nothing about numbers that are not in it.
 *
 * @param texts frames of messages as JSON
 * @param upTo the number up to which the member has acked
 */
export const serializeRedelivery = (roomId: string, epoch: string, texts: readonly string[], upTo = 0): string =>
  serializeFrame({
    type: "replayed",
    eventName: "replayResp",
    data: { code: frameCodes.replayed, msg: frameTexts.replayed },
    roomId: wireRoomOf(roomId),
    epoch,
    recovered: true,
    missed: texts.map(rawFrame),
    upTo,
  });
