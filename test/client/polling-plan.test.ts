import { describe, expect, test } from "vitest";
import { makePollPlan } from "../../client/transport/polling/plan.ts";
import type { LoginFrame, ServerFrame } from "../../protocol/frames.ts";
import { loggedIn } from "./support/fake-server.ts";

/** A plan with a request that logs in to room 456. */
function planWithLogin() {
  const replies: ServerFrame[] = [];
  const plan = makePollPlan((frame) => replies.push(frame));
  plan.handle({ action: "loginRoom", roomId: "456", ref: 1 }, false);
  const respond = (rooms: LoginFrame[] = []) => {
    const [request] = plan.requests();
    return () => {
      const data = { code: "2001", msg: "connect success" } as const;
      if (request) plan.accept(request, { data, session: "session-1", rooms, retryAfterMs: 3_000 });
    };
  };
  const replyTypes = () => replies.map(({ type }) => type);
  return { plan, respond, replyTypes };
}

describe("a response to a poll", () => {
  test("settles the login of its request, which makes a membership", () => {
    const { plan, respond, replyTypes } = planWithLogin();
    respond([loggedIn("456")])();
    expect(replyTypes()).toEqual(["loggedIn", "connected"]);
    expect(plan.isAwaited).toBe(false);
    expect([...plan.requests()].flatMap(({ rooms }) => rooms)).toMatchObject([{ roomId: "456", generation: 1 }]);
  });

  test("does not settle a login that a leave has replaced", () => {
    const { plan, respond, replyTypes } = planWithLogin();
    const deliver = respond([loggedIn("456")]);
    plan.handle({ action: "leaveRoom", roomId: "456", ref: 2 }, false);
    deliver();
    expect(replyTypes()).toEqual(["connected"]);
    expect([...plan.requests()]).toMatchObject([{ rooms: [], leaves: [{ roomId: "456" }] }]);
  });

  test("does not settle a leave that a login has replaced", () => {
    const { plan, respond, replyTypes } = planWithLogin();
    plan.handle({ action: "leaveRoom", roomId: "456", ref: 2 }, false);
    const deliver = respond();
    plan.handle({ action: "loginRoom", roomId: "456", ref: 3 }, false);
    deliver();
    expect(replyTypes()).toEqual(["connected"]);
    expect([...plan.requests()]).toMatchObject([{ rooms: [{ roomId: "456" }], leaves: [] }]);
  });
});

test.each([
  ["publish", { action: "publish", roomId: "456", eventName: "say", data: 1, clientMessageId: "c-1" }],
  ["replay of a conversation", { action: "replay", toUser: "bob", history: 1 }],
] as const)("a %s needs a WebSocket, and fails while it is too early for one", (_, frame) => {
  const { plan, replyTypes } = planWithLogin();
  expect(plan.handle(frame, false)).toBe("openWebSocket");
  expect(replyTypes()).toEqual([]);
  expect(plan.handle(frame, true)).toBeUndefined();
  expect(replyTypes()).toHaveLength(1);
});
