import { ack } from "./domain/delivery/ack.ts";
import { replay } from "./domain/delivery/replay.ts";
import { hello } from "./domain/login/hello.ts";
import { loginRoom } from "./domain/login/login.ts";
import { connect, disconnect, here } from "./domain/membership/connection.ts";
import { leaveRoom } from "./domain/membership/leave.ts";
import { publish } from "./domain/push/publish.ts";
import { onSocketEvent } from "./handlers/on-socket-event.ts";
import { deps } from "./runtime/deps.ts";

const frames = { hello, loginRoom, leaveRoom, publish, ack, replay, here };

export const handler = onSocketEvent(deps, { connect, disconnect, frames });
