import { describe, expect, test } from "vitest";
import {
  catchUp,
  emptyBuffer,
  hasGap,
  insert,
  type LoggedMessage,
  type ReorderBuffer,
} from "../../client/core/reorder-buffer.ts";
import { message } from "./support/fake-server.ts";

const epoch = "k3f9";
const logged = (...seqs: number[]) => seqs.map((seq) => message(seq, { epoch, seq }) as LoggedMessage);
const seqsOf = (messages: readonly LoggedMessage[]) => messages.map(({ seq }) => seq);
/** A buffer at position `seq`, with messages that arrived too early. */
const at = (seq: number, buffered: number[] = []): ReorderBuffer => ({
  ...emptyBuffer,
  epoch,
  seq,
  buffered: logged(...buffered),
  head: buffered.at(-1) ?? seq,
});

describe("inserting messages", () => {
  test.each<
    [string, ReorderBuffer, number[], number, { ready: number[]; seq: number; buffered?: number[]; toAck: number }]
  >([
    ["the next message is ready", at(5), [6], 0, { ready: [6], seq: 6, toAck: 1 }],
    ["a duplicate is dropped, and acked again", at(5), [5], 0, { ready: [], seq: 5, toAck: 1 }],
    ["an early message is buffered", at(5), [7], 0, { ready: [], seq: 5, buffered: [7], toAck: 0 }],
    [
      "the missing message makes the buffered ones ready",
      at(5, [7, 8, 10]),
      [6],
      0,
      { ready: [6, 7, 8], seq: 8, buffered: [10], toAck: 3 },
    ],
    [
      "several messages in any order are ready in order",
      at(5),
      [8, 6, 7, 6],
      0,
      { ready: [6, 7, 8], seq: 8, toAck: 3 },
    ],
    ["empty positions are skipped", at(5), [6, 9], 9, { ready: [6, 9], seq: 9, toAck: 2 }],
    ["empty positions at the end are skipped", at(5), [], 9, { ready: [], seq: 9, toAck: 1 }],
    ["buffered messages after them are ready", at(5, [8, 10]), [], 7, { ready: [8], seq: 8, buffered: [10], toAck: 1 }],
    ["buffered messages between them are ready", at(5, [7]), [9], 9, { ready: [7, 9], seq: 9, toAck: 2 }],
    ["earlier empty positions have no effect", at(5), [], 3, { ready: [], seq: 5, toAck: 0 }],
  ])("%s", (_, before, seqs, upTo, { ready, seq, buffered = [], toAck }) => {
    const [buffer, now] = insert(before, logged(...seqs), upTo);
    const after = { ready: seqsOf(now), seq: buffer.seq, buffered: seqsOf(buffer.buffered), toAck: buffer.unacked };
    expect(after).toEqual({ ready, seq, buffered, toAck });
    expect(hasGap(buffer)).toBe(buffered.length > 0);
  });

  test("a message whose payload is not fetched yet delays itself and all later ones, and is no gap", () => {
    const payload = { url: "https://bucket.example/a", sha256: "a", bytes: 1 };
    const large = { ...message(undefined, { epoch, seq: 8 }), payload } as LoggedMessage;
    const [buffer, ready] = insert(at(5), [...logged(6), large, ...logged(9)], 9);
    expect({ ready: seqsOf(ready), seq: buffer.seq, buffered: seqsOf(buffer.buffered) }).toEqual({
      ...{ ready: [6], buffered: [8, 9] },
      // The position before it is empty.
      seq: 7,
    });
    expect([buffer.awaited, hasGap(buffer)]).toEqual([large, false]);
    const [after, now] = insert(buffer, logged(8));
    expect([seqsOf(now), after.seq, after.awaited]).toEqual([[8, 9], 9, undefined]);
  });

  test("before the response to the login, all messages are buffered", () => {
    const [buffer, ready] = insert(emptyBuffer, logged(2, 1));
    expect(ready).toEqual([]);
    expect(seqsOf(buffer.buffered)).toEqual([1, 2]);
    expect(hasGap(buffer)).toBe(false);
  });

  test("at most 256 early messages are buffered, the nearest ones, and the others remain a gap", () => {
    const [buffer] = insert(at(0), logged(...Array.from({ length: 300 }, (_, i) => 301 - i)));
    expect(seqsOf(buffer.buffered)).toEqual(Array.from({ length: 256 }, (_, i) => i + 2));
    const [after] = insert(buffer, logged(1));
    expect(after.seq).toBe(257);
    expect(hasGap(after)).toBe(true);
  });

  test("receipts are due for ready messages and duplicates, not for buffered messages", () => {
    const wanted = (seq: number) => ({ ...message(seq, { epoch, seq }), receipt: true }) as LoggedMessage;
    expect(insert(at(5), [wanted(4), wanted(6), wanted(9), ...logged(7)])[0].receipts).toEqual([4, 6]);
  });
});

describe("catching up with the response to a login", () => {
  const answer = { epoch, seq: 9 };
  test.each<[string, ReorderBuffer, object, { ready: number[]; seq: number; hasGap?: boolean; isLost?: boolean }]>([
    ["without catch-up options starts where the log stands", emptyBuffer, answer, { ready: [], seq: 9 }],
    [
      "continues with messages that overtook it",
      { ...emptyBuffer, buffered: logged(8, 10, 11) },
      answer,
      { ready: [10, 11], seq: 11 },
    ],
    [
      "with missed messages makes them ready first",
      { ...emptyBuffer, buffered: logged(10) },
      { ...answer, recovered: true, missed: logged(6, 8), upTo: 9 },
      { ready: [6, 8, 10], seq: 10 },
    ],
    [
      "with `more` leaves a gap",
      at(5),
      { ...answer, recovered: true, missed: logged(6), upTo: 6, more: true },
      { ready: [6], seq: 6, hasGap: true },
    ],
    [
      "without recovery starts again",
      at(5, [7]),
      { ...answer, recovered: false, missed: [], upTo: 9 },
      { ready: [], seq: 9, isLost: true },
    ],
    ["of another epoch starts again", at(50), { epoch: "new1", seq: 9 }, { ready: [], seq: 9, isLost: true }],
    [
      "for a member loses nothing: it only raises the head of the log",
      at(5),
      answer,
      { ready: [], seq: 5, hasGap: true },
    ],
    ["for a member without missed messages has no effect", at(9), answer, { ready: [], seq: 9 }],
    [
      "for a new member without recovery starts, and loses nothing",
      emptyBuffer,
      { ...answer, recovered: false, missed: [], upTo: 9 },
      { ready: [], seq: 9 },
    ],
  ])("%s", (_, before, frame, expected) => {
    const [buffer, ready, isLost] = catchUp(before, { epoch, seq: 0, ...frame });
    expect({ ready: seqsOf(ready), seq: buffer.seq, hasGap: hasGap(buffer), isLost }).toEqual({
      hasGap: false,
      isLost: false,
      ...expected,
    });
  });

  test("with `more` and no messages leaves a gap after the next message: there may be another one", () => {
    const [buffer] = catchUp(at(5), { epoch, seq: 5, recovered: true, missed: [], upTo: 5, more: true });
    expect(hasGap(buffer)).toBe(true);
    const [after, ready] = insert(buffer, logged(6));
    expect(seqsOf(ready)).toEqual([6]);
    expect(hasGap(after)).toBe(true);
  });

  test("of an epoch of which a message arrived starts before that message", () => {
    const stray = message("new", { epoch: "new1", seq: 3 }) as LoggedMessage;
    const [buffer] = insert(at(50), [stray]);
    expect(buffer.seq).toBe(50);
    expect(hasGap(buffer)).toBe(true);
    expect(catchUp(buffer, { epoch: "new1", seq: 9, recovered: false, missed: [], upTo: 9 })[0].seq).toBe(2);
    // The message was a late one of an older log.
    expect(hasGap(catchUp(buffer, { epoch, seq: 50, recovered: true, missed: [], upTo: 50 })[0])).toBe(false);
  });
});
