import { describe, expect, test } from "vitest";
import {
  type BatchedMessage,
  batchedMessage,
  batchOf,
  countOutcome,
  postsFor,
} from "../../../../lambdas/domain/fan-out/batch.ts";
import type { FanOutTask } from "../../../../lambdas/domain/model/fan-out-task.ts";
import type { Member } from "../../../../lambdas/domain/model/member.ts";

const none = { members: 0, sent: 0, gone: 0, slow: 0, failed: 0, unknown: 0, waiting: 0 };
const member = (more: Partial<Member> = {}): Member => ({
  ...{ session: "s", connectionId: "c", connectedAtMs: 1, subject: "ann", generation: 0, holdsLease: false },
  transport: "websocket",
  ...{
    acks: true,
    hasAcked: false,
    cursor: { epoch: "e", seq: 0 },
    redeliveries: 0,
    redeliveredAtMs: 0,
    exhaustedSeq: 0,
  },
  ...more,
});
const silent = member({ acks: false });
delete silent.cursor;
const frameOf = (seq: number) => `{"type":"message","data":{"2":1,"1":${seq}},"seq":${seq}}`;
const messages = (seq: number, more: Partial<FanOutTask> = {}): BatchedMessage =>
  batchedMessage(
    {
      ...{ roomId: "456", messageId: `m-${seq}`, text: frameOf(seq), seq },
      ...{ taskId: "0/1", to: { index: 0, of: 1 }, hop: 0 },
      ...more,
    },
    { outcomes: none },
  );
const textsOf = (to: Member, all: BatchedMessage[]) => postsFor(to, batchOf(all, "e")).map(({ text }) => text);
/** What is counted when the member's posts end so. */
const counted = (
  to: Member,
  all: BatchedMessage[],
  outcome: "sent" | "slow" | "failed" | "gone" | "waiting",
  sent: number,
) => {
  const batch = batchOf(all, "e");
  countOutcome(to, batch, postsFor(to, batch), { outcome, sent });
  return all.map(({ outcomes, retries }) => ({
    ...Object.fromEntries(Object.entries(outcomes).filter(([, number]) => number > 0)),
    ...(retries.length > 0 && { retries }),
  }));
};

describe("one message", () => {
  test("is posted as it is, to whoever acks and to whoever does not", () => {
    for (const to of [member(), silent]) expect(textsOf(to, [messages(1)])).toEqual([frameOf(1)]);
  });

  test("is kept from whoever is excepted, who gets what stands for its number, if anything", () => {
    const nothing = messages(1, { excluded: { subjects: ["ann"] } });
    const number = messages(1, { excluded: { subjects: ["ann"], text: "{}" } });
    expect([textsOf(member(), [nothing]), textsOf(member(), [number])]).toEqual([[], ["{}"]]);
    expect(textsOf(member({ subject: "bob" }), [nothing])).toEqual([frameOf(1)]);
  });
});

describe("several messages", () => {
  const three = () => [messages(1), messages(2), messages(3)];

  test("are one frame for whoever acks, with their texts as they are, in the order of their numbers", () => {
    const [text = "", ...others] = textsOf(member(), three());
    expect(others).toEqual([]);
    expect(text).toContain(`[${frameOf(1)},${frameOf(2)},${frameOf(3)}]`);
    expect(JSON.parse(text)).toMatchObject({ type: "replayed", roomId: "456", epoch: "e", recovered: true, upTo: 0 });
  });

  test("of everyone's room and of one's own are called as the page calls it", () => {
    const roomIn = (roomId: string) =>
      JSON.parse(textsOf(member(), [messages(1, { roomId }), messages(2, { roomId })])[0] ?? "").roomId;
    expect([roomIn("@all"), roomIn("@user/ann")]).toEqual(["@all", "@user"]);
  });

  test("are one frame each, in their order, for whoever does not ack: it would not understand another", () => {
    expect(textsOf(silent, three())).toEqual([frameOf(1), frameOf(2), frameOf(3)]);
  });

  test("are one frame each for whoever is excepted from one of them", () => {
    const some = [messages(1), messages(2, { excluded: { subjects: ["ann"], text: "{}" } }), messages(3)];
    expect(textsOf(member(), some)).toEqual([frameOf(1), "{}", frameOf(3)]);
    expect(textsOf(member({ subject: "bob" }), some)).toHaveLength(1);
  });
});

describe("the counts", () => {
  test("of one frame are those of each message in it", () => {
    const all = { members: 1, sent: 1 };
    expect(counted(member(), [messages(1), messages(2)], "sent", 1)).toEqual([all, all]);
    const gone = { members: 1, gone: 1 };
    expect(counted(member(), [messages(1), messages(2)], "gone", 0)).toEqual([gone, gone]);
  });

  test("tell who took two of three frames, and who is tried again is not counted before that has ended", () => {
    const sent = { members: 1, sent: 1 };
    expect(counted(silent, [messages(1), messages(2), messages(3)], "slow", 2)).toEqual([
      sent,
      sent,
      { retries: ["s"] },
    ]);
  });

  test("of one who waits for the log are of all messages", () => {
    const waiting = { members: 1, waiting: 1 };
    expect(counted(member(), [messages(1), messages(2)], "waiting", 0)).toEqual([waiting, waiting]);
  });

  test("leave a slow reader who acks to the redelivery, and one whose post failed to nobody", () => {
    expect(counted(member(), [messages(1)], "slow", 0)).toEqual([{ members: 1, slow: 1 }]);
    expect(counted(member(), [messages(1)], "failed", 0)).toEqual([{ retries: ["s"] }]);
  });

  test("of the last try say how it ended, and that it is put aside", () => {
    const last = messages(1, { to: { sessions: ["s"] }, hop: 3 });
    expect(counted(silent, [last], "failed", 0)).toEqual([{ members: 1, failed: 1, retries: ["s"] }]);
    const earlier = messages(1, { to: { sessions: ["s"] }, hop: 2 });
    expect(counted(silent, [earlier], "failed", 0)).toEqual([{ retries: ["s"] }]);
  });

  test("are of those whom a message is for: not of whoever is excepted, even if its number was posted", () => {
    const nothing = messages(1, { excluded: { subjects: ["ann"] } });
    expect(counted(member(), [nothing], "sent", 0)).toEqual([{}]);
    const number = () => messages(1, { excluded: { subjects: ["ann"], text: "{}" } });
    expect(counted(member(), [number()], "sent", 1)).toEqual([{}]);
    expect(counted(member(), [number()], "waiting", 0)).toEqual([{}]);
    expect(counted(member({ subject: "bob" }), [number()], "sent", 1)).toEqual([{ members: 1, sent: 1 }]);
    // The page waits for the number all the same.
    expect(counted(member(), [number()], "failed", 0)).toEqual([{ retries: ["s"] }]);
  });

  test("are not of whoever has all of it already: nothing was posted", () => {
    const one = messages(1);
    countOutcome(member(), batchOf([one], "e"), [], { outcome: "sent", sent: 0 });
    expect(one.outcomes).toEqual(none);
  });

  test("go on from what the books say, which they leave alone", () => {
    const recorded = { outcomes: { ...none, members: 5, sent: 5 } };
    const one = batchedMessage(messages(1).task, recorded);
    expect(counted(member(), [one], "sent", 1)).toEqual([{ members: 6, sent: 6 }]);
    expect(recorded.outcomes.members).toBe(5);
  });
});
