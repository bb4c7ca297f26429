import { socketDeps } from "./adapters/deps.ts";
import { onSocketEvent } from "./adapters/on-socket-event.ts";
import { connect, disconnect, here } from "./domain/connection-life.ts";
import { hello } from "./domain/hello.ts";
import { leaveRoom } from "./domain/leave-room.ts";
import { loginRoom } from "./domain/login-room.ts";

export const handler = onSocketEvent(socketDeps, {
  connect,
  disconnect,
  frames: { hello, loginRoom, leaveRoom, here: async (...args) => void (await here(...args)) },
});
