import { SocketHandle } from "downlink/client";

const handle = new SocketHandle({
  url: "ws://localhost:4500/socket",
  // Called before every connection, so an expired token is replaced.
  token: async () => (await fetch("/my-token")).text(),
});

handle.listen("test", (data, { roomId }) => console.log(roomId, data));
handle.listen("loginRoomResp", ({ code, msg }) => {
  if (code === "2005") console.warn(msg); // another login has evicted this page
});

await handle.loginRoom("456", "loginWhenLast"); // connects first
