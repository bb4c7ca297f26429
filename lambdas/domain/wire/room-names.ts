import { everyone, ownRoom, userRoom } from "../../../protocol/ids.ts";

/** How the receiver's connection names the room. */
export const wireRoomOf = (roomId: string) => (roomId === everyone || !roomId.startsWith("@") ? roomId : ownRoom);

/** The room that a connection of `subject` names so. */
export const roomOfWire = (wireName: string, subject: string) => (wireName === ownRoom ? userRoom(subject) : wireName);
