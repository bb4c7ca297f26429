import { SocketHandle } from "downlink/client";

const handle = new SocketHandle({
  url: "ws://localhost:4500/socket",
  // Asked again before every connection, so that an expired token heals by itself.
  token: async () => (await fetch("/my-token")).text(),
});

handle.listen("test", (data, { roomId }) => console.log(roomId, data));
handle.listen("loginRoomResp", ({ code, msg }) => {
  if (code === "2005") console.warn(msg); // somebody else has the place now
});

await handle.loginRoom("456", "loginWhenLast"); // connects first
