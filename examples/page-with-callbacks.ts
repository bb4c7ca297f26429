import SocketHandle from "downlink/client";

SocketHandle.configure({
  url: "ws://localhost:4500/socket",
  token: async () => (await fetch("/my-token")).text(),
});

const handle = new SocketHandle();
handle.connect(
  ({ code, msg }) => console.log(code, msg), // 2001 connect success
  ({ code, msg }) => console.warn(code, msg), // each failed attempt; the handle keeps trying
);
handle.loginRoom(
  "456",
  "loginWhenFirst",
  ({ code, msg }) => console.log(code, msg), // 2002 login room (id:456) success
  ({ code, msg }) => console.warn(code, msg), // 2004 your room id(456) already exist
);
handle.listen((data) => console.log(data)); // the default event: downmsg
