import { beforeEach, describe, expect, test } from "vitest";
import { replay } from "../../../../lambdas/domain/delivery/replay.ts";
import { type PublishOf, publish } from "../../../../lambdas/domain/push/publish.ts";
import type { FrameOf } from "../../../../protocol/frames.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness, wireOf } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
let ann: AckingPage;
let bob: AckingPage;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  const publish = [`${room}*`, "@user/*"];
  ann = await AckingPage.open(harness, { subject: `ann ü/${room}`, publish });
  bob = await AckingPage.open(harness, { subject: `bob/${room}`, publish });
});

const publishBy = ({ page }: AckingPage, frame: Partial<PublishOf>) =>
  publish(harness.deps, page.caller, {
    ...{ action: "publish", eventName: "chat", rawData: '"hi"', clientMessageId: "c-1" },
    ...frame,
  });
const replayBy = async ({ page }: AckingPage, frame: Omit<FrameOf<"replay">, "action">) =>
  wireOf(await replay(harness.deps, page.caller, { action: "replay", ...frame }));
const dataIn = (reply: Awaited<ReturnType<typeof replayBy>>) =>
  reply.type === "replayed" ? reply.missed.map(({ data }) => data) : reply.type === "replayFailed" && reply.data.msg;

describe("a publish to a room", () => {
  beforeEach(async () => {
    await ann.login(room, "loginWhenever");
    await bob.login(room, "loginWhenever");
  });

  test("reaches all members, the sender too, in the room's order", async () => {
    await harness.push(room, '"before"');
    const answer = await publishBy(ann, { roomId: room });
    expect(answer).toEqual({
      type: "published",
      eventName: "publishResp",
      data: { code: "2010", msg: "publish success" },
      clientMessageId: "c-1",
      messageId: expect.any(String),
      roomId: room,
      epoch: expect.any(String),
      seq: 2,
    });
    for (const ackingPage of [ann, bob]) expect(ackingPage.dataOf(room)).toEqual(["before", "hi"]);
    expect(bob.page.inbox.at(-1)).toMatchObject({ from: ann.page.subject, qos: 1 });
  });

  test("has no number at qos 0, and one at qos 2", async () => {
    expect(await publishBy(ann, { roomId: room, qos: 0 })).not.toHaveProperty("seq");
    expect(await publishBy(ann, { roomId: room, qos: 2, clientMessageId: "c-2" })).toHaveProperty("seq", 1);
  });

  test.each([1, 0] as const)("twice with one clientMessageId at qos %i is one message with one reply", async (qos) => {
    const first = await publishBy(ann, { roomId: room, qos });
    expect(await publishBy(ann, { roomId: room, qos })).toEqual(first);
    expect(bob.dataOf(room)).toEqual(["hi"]);
  });

  test("twice concurrently is one message with one reply", async () => {
    const answers = await Promise.all(Array.from({ length: 5 }, () => publishBy(ann, { roomId: room })));
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    await bob.fill();
    expect(bob.dataOf(room)).toEqual(["hi"]);
  });

  test("with an id that another user chose too is a separate message", async () => {
    await publishBy(ann, { roomId: room });
    await publishBy(bob, { roomId: room, rawData: '"ho"' });
    expect(ann.dataOf(room)).toEqual(["hi", "ho"]);
  });

  test("with receipt notifies the sender of the delivery", async () => {
    const answer = await publishBy(ann, { roomId: room, receipt: true });
    await Promise.all([bob.ack(), ann.ack()]);
    expect(ann.delivered).toEqual("messageId" in answer ? [answer.messageId] : []);
  });

  test("that is too large is refused with its sizes", async () => {
    const refused = await publishBy(ann, { roomId: room, rawData: JSON.stringify("x".repeat(5_300_000)) });
    expect(refused).toMatchObject({ type: "publishFailed", data: { code: "2012" }, clientMessageId: "c-1" });
    expect(refused.data.msg).toContain("allowed are 5242880");
  });
});

describe("a publish is refused", () => {
  const refusal = (msg: string) => ({
    ...{ type: "publishFailed", eventName: "publishResp", data: { code: "2012", msg } },
    clientMessageId: "c-1",
  });

  test("without a grant for the room", async () => {
    await ann.login("elsewhere", "loginWhenever");
    expect(await publishBy(ann, { roomId: "elsewhere" })).toEqual(
      refusal("the token does not allow to publish to room elsewhere"),
    );
  });

  test("to a room that the caller is not in, has left, or is in by another connection", async () => {
    const notIn = refusal(`you are not in room ${room}, log in first`);
    expect(await publishBy(ann, { roomId: room })).toEqual(notIn);
    await ann.login(room);
    const old = ann.page.caller;
    await ann.page.open();
    const frame = { action: "publish" as const, roomId: room, eventName: "e", rawData: "1", clientMessageId: "c-1" };
    expect(await publish(harness.deps, old, frame)).toEqual(notIn);
    await bob.login(room, "loginWhenLast");
    expect(await publishBy(ann, { roomId: room })).toEqual(notIn);
  });

  test("to oneself, or to a user without a grant", async () => {
    expect(await publishBy(ann, { toUser: ann.page.subject })).toEqual(refusal("toUser is yourself"));
    const guest = await AckingPage.open(harness);
    expect(await publishBy(guest, { toUser: bob.page.subject })).toEqual(
      refusal(`the token does not allow to publish to @user/${bob.page.subject}`),
    );
  });
});

describe("a publish to a user", () => {
  test("reaches both users' devices under the conversation's id, and is kept in its log", async () => {
    const tablet = await AckingPage.open(harness, { subject: ann.page.subject });
    const toUser = bob.page.subject;
    const answer = await publishBy(ann, { toUser });
    const conversation = `${ann.page.subject}_${bob.page.subject}`;
    expect(answer).toMatchObject({ type: "published", conversation, seq: 1 });
    for (const ackingPage of [ann, tablet, bob]) {
      expect(ackingPage.dataOf("@user")).toEqual(["hi"]);
      expect(ackingPage.page.inbox.at(-1)).toMatchObject({ roomId: "@user", conversation, from: ann.page.subject });
    }
    await publishBy(bob, { toUser: ann.page.subject, rawData: '"ho"' });
    for (const [ackingPage, other] of [
      [ann, bob],
      [bob, ann],
    ] as const) {
      const log = await replayBy(ackingPage, { toUser: other.page.subject, after: 0 });
      expect(dataIn(log)).toEqual(["hi", "ho"]);
    }
  });

  // The frames had `@user` with numbers of another log: a client took them for those of its own room.
  test("has its conversation as the roomId in a replay, and @user in a delivery", async () => {
    await publishBy(ann, { toUser: bob.page.subject });
    const roomId = `${ann.page.subject}_${bob.page.subject}`;
    for (const options of [{ after: 0 }, { history: 1 }]) {
      const reply = await replayBy(bob, { toUser: ann.page.subject, ...options });
      expect(reply).toMatchObject({ roomId, missed: [{ roomId, conversation: roomId, seq: 1 }] });
    }
    expect(bob.page.inbox.at(-1)).toMatchObject({ roomId: "@user" });
  });

  test("with an id of a message to another user is refused, and not delivered", async () => {
    await publishBy(ann, { toUser: bob.page.subject });
    const eve = await AckingPage.open(harness);
    expect(await publishBy(ann, { toUser: eve.page.subject })).toMatchObject({
      ...{ type: "publishFailed", clientMessageId: "c-1" },
      data: { code: "2012", msg: expect.stringContaining("/c-1 was used for another message") },
    });
    await Promise.all([ann.fill(), eve.fill()]);
    expect([ann.dataOf("@user"), eve.dataOf("@user")]).toEqual([["hi"], []]);
  });

  test("without a connection waits for the user, and is reported as undelivered in time", async () => {
    await publishBy(ann, { toUser: "nobody" });
    await ann.ack();
    await harness.pass(600_000);
    expect(harness.undelivered).toMatchObject([{ subject: "nobody", roomId: "@user/nobody" }]);
  });

  test("twice concurrently is one message for both users", async () => {
    const toUser = bob.page.subject;
    await Promise.all([publishBy(ann, { toUser }), publishBy(ann, { toUser })]);
    await Promise.all([ann.fill(), bob.fill()]);
    expect([ann.dataOf("@user"), bob.dataOf("@user")]).toEqual([["hi"], ["hi"]]);
  });
});

describe("replay", () => {
  test("returns the messages after a position to members only", async () => {
    await ann.login(room);
    for (const data of ["1", "2", "3"]) await harness.push(room, data);
    expect(await replayBy(ann, { roomId: room, after: 1 })).toMatchObject({
      ...{ type: "replayed", eventName: "replayResp", data: { code: "2011" }, roomId: room, epoch: expect.any(String) },
      ...{ recovered: true, upTo: 3 },
    });
    expect(dataIn(await replayBy(ann, { roomId: room, after: 1 }))).toEqual([2, 3]);
    expect(await replayBy(bob, { roomId: room, after: 0 })).toEqual({
      ...{ type: "replayFailed", eventName: "replayResp" },
      data: { code: "2014", msg: `you are not in room ${room}` },
    });
  });

  test("of a conversation returns only the caller's own conversations", async () => {
    await publishBy(ann, { toUser: bob.page.subject });
    const eve = await AckingPage.open(harness);
    expect(dataIn(await replayBy(eve, { toUser: bob.page.subject, after: 0 }))).toBe("nothing was ever sent there");
  });

  test.each([
    ["after a position beyond the log", { after: 1_000_000_000 }],
    ["of another epoch", { after: 0, epoch: "elsewhere" }],
  ])("%s is not recovered", async (_, options) => {
    await ann.login(room);
    await harness.push(room);
    expect(await replayBy(ann, { roomId: room, ...options })).toMatchObject({ recovered: false, missed: [], upTo: 1 });
  });

  test("of a conversation's history comes part by part, although the first messages have expired", async () => {
    const toUser = bob.page.subject;
    const say = (clientMessageId: string, text: string) =>
      publishBy(ann, { toUser, clientMessageId, rawData: JSON.stringify(text) });
    await say("old", "old");
    harness.nowMs += 86_500_000;
    for (const letter of ["a", "b", "c", "d", "e"]) await say(letter, letter.repeat(30_000));
    expect(await replayBy(bob, { toUser: ann.page.subject, after: 0 })).toMatchObject({ recovered: false });
    const newest = await replayBy(bob, { toUser: ann.page.subject, history: 100 });
    expect(newest).toMatchObject({ recovered: true, upTo: 4, more: true });
    const { epoch, upTo } = newest as { epoch: string; upTo: number };
    const rest = await replayBy(bob, { toUser: ann.page.subject, epoch, after: upTo });
    expect(rest).toMatchObject({ recovered: true, upTo: 6 });
    expect(rest).not.toHaveProperty("more");
    const letters = [newest, rest].flatMap((reply) => (dataIn(reply) as string[]).map((text) => text[0]));
    expect(letters).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("of the history of an empty conversation has its position", async () => {
    const none = await replayBy(ann, { toUser: "nobody yet", history: 5 });
    expect(none).toMatchObject({ recovered: true, missed: [], upTo: 0 });
    const { epoch } = none as { epoch: string };
    await publishBy(ann, { toUser: "nobody yet" });
    expect(dataIn(await replayBy(ann, { toUser: "nobody yet", epoch, after: 0 }))).toEqual(["hi"]);
  });

  test("moves no cursor", async () => {
    await ann.login(room);
    await harness.push(room);
    await replayBy(ann, { roomId: room, after: 0 });
    expect((await harness.deps.members.get(room, ann.page.session))?.cursor?.seq).toBe(0);
  });

  test("posts a message alone that is too large for a reply, and continues after it", async () => {
    await ann.login(room);
    harness.lost.add(ann.page.connectionId);
    await harness.push(room, JSON.stringify("x".repeat(110_000)));
    await harness.push(room, '"small"');
    harness.lost.clear();
    expect(await replayBy(ann, { roomId: room, after: 0 })).toMatchObject({ missed: [], upTo: 0, more: true });
    expect(ann.dataOf(room)).toHaveLength(1);
    expect(dataIn(await replayBy(ann, { roomId: room, after: 1 }))).toEqual(["small"]);
  });
});
