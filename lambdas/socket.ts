import { deps } from "./adapters/deps.ts";
import { onSocketEvent } from "./adapters/events/on-socket-event.ts";
import { ack } from "./domain/delivery/ack.ts";
import { publish } from "./domain/delivery/publish.ts";
import { replay } from "./domain/log/replay.ts";
import { connect, disconnect, here } from "./domain/rooms/connection-life.ts";
import { hello } from "./domain/rooms/hello.ts";
import { leaveRoom } from "./domain/rooms/leave-room.ts";
import { loginRoom } from "./domain/rooms/login-room.ts";

const frames = { hello, loginRoom, leaveRoom, publish, ack, replay, here };

export const handler = onSocketEvent(deps, { connect, disconnect, frames });
