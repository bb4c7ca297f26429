import { deps } from "./adapters/deps.ts";
import { onSocketEvent } from "./adapters/on-socket-event.ts";
import { ack } from "./domain/ack.ts";
import { connect, disconnect, here } from "./domain/connection-life.ts";
import { hello } from "./domain/hello.ts";
import { leaveRoom } from "./domain/leave-room.ts";
import { loginRoom } from "./domain/login-room.ts";
import { publish } from "./domain/publish.ts";
import { replay } from "./domain/replay.ts";

const frames = { hello, loginRoom, leaveRoom, publish, ack, replay, here };

export const handler = onSocketEvent(deps, { connect, disconnect, frames });
