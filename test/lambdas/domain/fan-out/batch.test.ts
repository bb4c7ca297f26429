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
const notAcking = member({ acks: false });
delete notAcking.cursor;
const frameOf = (seq: number) => `{"type":"message","data":{"2":1,"1":${seq}},"seq":${seq}}`;
const messageOf = (seq: number, more: Partial<FanOutTask> = {}): BatchedMessage =>
  batchedMessage(
    {
      ...{ roomId: "456", messageId: `m-${seq}`, text: frameOf(seq), seq },
      ...{ taskId: "0/1", to: { index: 0, of: 1 }, hop: 0 },
      ...more,
    },
    { outcomes: none },
  );
const textsOf = (to: Member, all: BatchedMessage[]) => postsFor(to, batchOf(all, "e")).map(({ text }) => text);
/** The counts after the member's posts, and the sessions to retry. */
const countsOf = (
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
  test("is posted as it is, to members that acknowledge and to others", () => {
    for (const to of [member(), notAcking]) expect(textsOf(to, [messageOf(1)])).toEqual([frameOf(1)]);
  });

  test("is not posted to an excluded user, who gets its number, if it has one", () => {
    const nothing = messageOf(1, { excluded: { subjects: ["ann"] } });
    const number = messageOf(1, { excluded: { subjects: ["ann"], text: "{}" } });
    expect([textsOf(member(), [nothing]), textsOf(member(), [number])]).toEqual([[], ["{}"]]);
    expect(textsOf(member({ subject: "bob" }), [nothing])).toEqual([frameOf(1)]);
  });
});

describe("several messages", () => {
  const three = () => [messageOf(1), messageOf(2), messageOf(3)];

  test("are one frame for a member that acknowledges, ordered by seq, with unchanged texts", () => {
    const [text = "", ...others] = textsOf(member(), three());
    expect(others).toEqual([]);
    expect(text).toContain(`[${frameOf(1)},${frameOf(2)},${frameOf(3)}]`);
    expect(JSON.parse(text)).toMatchObject({ type: "replayed", roomId: "456", epoch: "e", recovered: true, upTo: 0 });
  });

  test("of everyone and of a user have the room's name on the wire", () => {
    const roomIn = (roomId: string) =>
      JSON.parse(textsOf(member(), [messageOf(1, { roomId }), messageOf(2, { roomId })])[0] ?? "").roomId;
    expect([roomIn("@all"), roomIn("@user/ann")]).toEqual(["@all", "@user"]);
  });

  test("are one frame each, in order, for a member that does not acknowledge: its client may not know redeliveries", () => {
    expect(textsOf(notAcking, three())).toEqual([frameOf(1), frameOf(2), frameOf(3)]);
  });

  test("are one frame each for a user who is excluded from one of them", () => {
    const some = [messageOf(1), messageOf(2, { excluded: { subjects: ["ann"], text: "{}" } }), messageOf(3)];
    expect(textsOf(member(), some)).toEqual([frameOf(1), "{}", frameOf(3)]);
    expect(textsOf(member({ subject: "bob" }), some)).toHaveLength(1);
  });
});

describe("the counts", () => {
  test("of one frame count for each message in it", () => {
    const all = { members: 1, sent: 1 };
    expect(countsOf(member(), [messageOf(1), messageOf(2)], "sent", 1)).toEqual([all, all]);
    const gone = { members: 1, gone: 1 };
    expect(countsOf(member(), [messageOf(1), messageOf(2)], "gone", 0)).toEqual([gone, gone]);
  });

  test("distinguish frames that were sent from those that are retried, which are counted later", () => {
    const sent = { members: 1, sent: 1 };
    expect(countsOf(notAcking, [messageOf(1), messageOf(2), messageOf(3)], "slow", 2)).toEqual([
      sent,
      sent,
      { retries: ["s"] },
    ]);
  });

  test("of a deferred member are those of all messages", () => {
    const waiting = { members: 1, waiting: 1 };
    expect(countsOf(member(), [messageOf(1), messageOf(2)], "waiting", 0)).toEqual([waiting, waiting]);
  });

  test("include a slow member that acknowledges, which is redelivered to, but no failed post, which is retried", () => {
    expect(countsOf(member(), [messageOf(1)], "slow", 0)).toEqual([{ members: 1, slow: 1 }]);
    expect(countsOf(member(), [messageOf(1)], "failed", 0)).toEqual([{ retries: ["s"] }]);
  });

  test("of the last retry include its outcome, and the session for the dead-letter queue", () => {
    const last = messageOf(1, { to: { sessions: ["s"] }, hop: 3 });
    expect(countsOf(notAcking, [last], "failed", 0)).toEqual([{ members: 1, failed: 1, retries: ["s"] }]);
    const earlier = messageOf(1, { to: { sessions: ["s"] }, hop: 2 });
    expect(countsOf(notAcking, [earlier], "failed", 0)).toEqual([{ retries: ["s"] }]);
  });

  test("do not include an excluded user, even if the message's number was posted", () => {
    const nothing = messageOf(1, { excluded: { subjects: ["ann"] } });
    expect(countsOf(member(), [nothing], "sent", 0)).toEqual([{}]);
    const number = () => messageOf(1, { excluded: { subjects: ["ann"], text: "{}" } });
    expect(countsOf(member(), [number()], "sent", 1)).toEqual([{}]);
    expect(countsOf(member(), [number()], "waiting", 0)).toEqual([{}]);
    expect(countsOf(member({ subject: "bob" }), [number()], "sent", 1)).toEqual([{ members: 1, sent: 1 }]);
    // The page needs the number all the same.
    expect(countsOf(member(), [number()], "failed", 0)).toEqual([{ retries: ["s"] }]);
  });

  test("do not include a member that has all messages: nothing was posted", () => {
    const message = messageOf(1);
    countOutcome(member(), batchOf([message], "e"), [], { outcome: "sent", sent: 0 });
    expect(message.outcomes).toEqual(none);
  });

  test("continue the recorded progress, without changing it", () => {
    const recorded = { outcomes: { ...none, members: 5, sent: 5 } };
    const message = batchedMessage(messageOf(1).task, recorded);
    expect(countsOf(member(), [message], "sent", 1)).toEqual([{ members: 6, sent: 6 }]);
    expect(recorded.outcomes.members).toBe(5);
  });
});
