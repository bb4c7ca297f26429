import { expectTypeOf } from "vitest";
import Default, {
  type DownlinkError,
  type LoginNotice,
  type MessageFrame,
  type Notice,
  type PublishNotice,
  type ReplayNotice,
  SocketHandle,
} from "../../client/index.ts";

/** Compiled by `npm run types`, never called: a line with a wrong type does not compile. */
export function publicTypes(handle: SocketHandle) {
  expectTypeOf(Default).toEqualTypeOf<typeof SocketHandle>();
  expectTypeOf(handle.connect()).toEqualTypeOf<Promise<Notice>>();
  expectTypeOf(handle.loginRoom("456", "loginWhenLast")).toEqualTypeOf<Promise<LoginNotice>>();
  expectTypeOf(handle.loginRoom("456", "loginWhenLast", { since: "last" })).toEqualTypeOf<Promise<LoginNotice>>();
  expectTypeOf(handle.loginRoom("456", undefined, { history: 5 }, () => {})).toEqualTypeOf<void>();
  expectTypeOf(handle.publish("456", "say", "hi", { receipt: true })).toEqualTypeOf<Promise<PublishNotice>>();
  expectTypeOf(handle.publish({ toUser: "bob" }, "say", "hi", ({ seq }) => seq)).toEqualTypeOf<void>();
  expectTypeOf(handle.replay({ toUser: "bob" }, { history: 20 })).toEqualTypeOf<Promise<ReplayNotice>>();
  expectTypeOf(
    handle.replay({ toUser: "bob" }, { epoch: "e", after: 7 }, ({ missed }) => missed),
  ).toEqualTypeOf<void>();
  // @ts-expect-error `after` needs an epoch
  void handle.replay({ toUser: "bob" }, { after: 7 });
  expectTypeOf(handle.loginRoom("456", () => {})).toEqualTypeOf<void>();
  expectTypeOf(handle.loginRoom("456", "loginWhenLast", () => {})).toEqualTypeOf<void>();
  handle.loginRoom(
    "456",
    (notice) => expectTypeOf(notice).toEqualTypeOf<LoginNotice>(),
    (error) => expectTypeOf(error).toEqualTypeOf<DownlinkError>(),
  );
  handle.listen((data, message) => {
    expectTypeOf(data).toBeUnknown();
    expectTypeOf(message).toEqualTypeOf<MessageFrame>();
  });
  handle.listen<{ step: number }>("order", ({ step }) => expectTypeOf(step).toBeNumber());
  handle.listen("loginRoomResp", ({ code }) => expectTypeOf(code).toEqualTypeOf<"2002" | "2003" | "2004" | "2005">());
  handle.listen("connetResp", (_, frame) => expectTypeOf(frame.type).toEqualTypeOf<"connected" | "helloFailed">());

  handle.listen("delivered", ({ subject }) => expectTypeOf(subject).toBeString());

  // @ts-expect-error qos is 0, 1 or 2
  void handle.publish("456", "say", "hi", { qos: 3 });
  // @ts-expect-error a user is named by toUser
  void handle.publish({ user: "bob" }, "say", "hi");
  // @ts-expect-error an unknown policy
  void handle.loginRoom("456", "loginWhenEver");
  // @ts-expect-error ids are strings
  void handle.loginRoom(456);
  // @ts-expect-error the room is missing
  void handle.loginRoom();
  // @ts-expect-error a listener is missing
  handle.listen("test");
  // @ts-expect-error there is no such code in this event
  handle.listen("loginRoomResp", ({ code }) => code === "2001");
  // @ts-expect-error an option that does not exist
  new SocketHandle({ adress: "wss://push.example" });
  // @ts-expect-error a token is a string
  SocketHandle.configure({ token: 5 });
}
