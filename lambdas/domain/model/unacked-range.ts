/** Messages that a place did not ack which has ended otherwise than by leaving the room or being put out. */
export interface UnackedRange {
  /** Of this note alone. */
  id: string;
  session: string;
  /** Which the place had that ended. */
  connectionId: string;
  subject: string;
  epoch: string;
  /** They are behind this number, up to that one. */
  after: number;
  upTo: number;
  /** When the place ended. */
  atMs: number;
}

/** What those are owed who have gone, until it came to them or was reported; kept for a day. */
export interface UnackedRanges {
  /** In the place of an older note of the same session that begins at the same number. */
  record(roomId: string, range: UnackedRange): Promise<void>;
  /** Unless it was noted anew meanwhile. */
  clear(roomId: string, range: UnackedRange): Promise<void>;
  /** Those of all sessions, or of a part of them. */
  pages(roomId: string, part?: { index: number; of: number }): AsyncIterable<UnackedRange[]>;
}
