import { ownRoom, userRoom } from "../../../protocol/ids.ts";
import { roomKind } from "../model/room.ts";

/** How the receiver's connection names the room. */
export const wireRoomOf = (roomId: string) => (roomKind(roomId) === "user" ? ownRoom : roomId);

/** The room that a connection of `subject` names so. */
export const roomOfWire = (wireName: string, subject: string) => (wireName === ownRoom ? userRoom(subject) : wireName);
