import type { Pushes, PushRecord } from "../model/push-record.ts";

/** The content that an id stands for, for a day. Other content is a conflict; other options may differ. */
interface Content {
  rooms: readonly string[];
  eventName: string;
  rawData: string;
  qos: 0 | 1;
}

/**
 * The idempotency of a push with an id. The digest of its content is stored in the record of its first room, which is
 * written anyway. All other rooms wait for that write before they write their logs.
 */
export class Idempotency {
  readonly messageId: string;
  readonly #pushes: Pushes;
  readonly #firstRoom: string | undefined;
  readonly #digest: string;
  readonly #verdict = Promise.withResolvers<"same" | "conflict">();

  constructor(pushes: Pushes, messageId: string, { rooms, eventName, rawData, qos }: Content) {
    const sorted = rooms.toSorted();
    this.messageId = messageId;
    this.#pushes = pushes;
    this.#firstRoom = sorted[0];
    this.#digest = pushes.digestOf(JSON.stringify([sorted, eventName, qos, rawData]));
  }

  /** The record as it is written: with the digest, if it is of the first room. */
  recordOf = (record: PushRecord): PushRecord =>
    record.roomId === this.#firstRoom ? { ...record, digest: this.#digest } : record;

  /** @returns the record of the first push with this id and content; `conflict` if the id stands for other content */
  async register(given: PushRecord): Promise<{ record: PushRecord; isFirst: boolean } | "conflict"> {
    const mine = this.recordOf(given);
    const before = await this.#pushes.register(this.messageId, mine);
    if (mine.digest !== undefined) this.#verdict.resolve(before && before.digest !== mine.digest ? "conflict" : "same");
    if ((await this.#verdict.promise) === "same") return { record: before ?? mine, isFirst: !before };
    // The message of this id was not for this room.
    if (!before) await this.#pushes.forget(this.messageId, mine);
    return "conflict";
  }

  /**
   * Call it when the push to a room has ended. If the first room failed before its write, the other rooms would wait for it
   * forever, so they continue as if it had found the same content.
   */
  release(roomId: string): void {
    if (roomId === this.#firstRoom) this.#verdict.resolve("same");
  }
}
