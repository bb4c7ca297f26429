import type { Pushes, PushRecord } from "../model/push-record.ts";

/** What one id may stand for within a day. */
interface Content {
  rooms: readonly string[];
  eventName: string;
  rawData: string;
  qos: 0 | 1;
}

/**
 * A push that may come twice, and what its id stands for: the record of its first room says that, so that it is told by
 * the write that is made anyway. All other rooms wait for that word before they keep anything.
 */
export class Idempotency {
  readonly messageId: string;
  readonly #pushes: Pushes;
  readonly #first: string | undefined;
  readonly #digest: string;
  readonly #verdict = Promise.withResolvers<"same" | "conflict">();

  constructor(pushes: Pushes, messageId: string, { rooms, eventName, rawData, qos }: Content) {
    const sorted = rooms.toSorted();
    this.messageId = messageId;
    this.#pushes = pushes;
    this.#first = sorted[0];
    this.#digest = pushes.digestOf(JSON.stringify([sorted, eventName, qos, rawData]));
  }

  /** The record as it is to be written. */
  recordOf = (record: PushRecord): PushRecord =>
    record.roomId === this.#first ? { ...record, digest: this.#digest } : record;

  /** @returns what the first of the same pushes has entered, this one if it is the first; `used`: the id was another's */
  async register(given: PushRecord): Promise<{ record: PushRecord; isFirst: boolean } | "conflict"> {
    const mine = this.recordOf(given);
    const before = await this.#pushes.register(this.messageId, mine);
    if (mine.digest !== undefined) this.#verdict.resolve(before && before.digest !== mine.digest ? "conflict" : "same");
    if ((await this.#verdict.promise) === "same") return { record: before ?? mine, isFirst: !before };
    // Of a room that the message of this id was not for.
    if (!before) await this.#pushes.forget(this.messageId, mine);
    return "conflict";
  }

  /** A room has come to its end: if it was the first, maybe without a word, nobody waits for that any more. */
  release(roomId: string): void {
    if (roomId === this.#first) this.#verdict.resolve("same");
  }
}
