/** The messages that a departed session did not ack. A session that left the room or was evicted has no such range. */
export interface UnackedRange {
  /** Identifies this record. */
  id: string;
  session: string;
  /** The connection of the membership that ended. */
  connectionId: string;
  subject: string;
  epoch: string;
  /** The range begins after this number, and ends with `upTo`. */
  after: number;
  upTo: number;
  /** When the membership ended. */
  atMs: number;
}

/** The unacked ranges of departed sessions: until they are acked or reported, and at most for a day. */
export interface UnackedRanges {
  /** Replaces an older record of the same session that begins at the same number. */
  record(roomId: string, range: UnackedRange): Promise<void>;
  /** Removes the record, unless it was replaced in the meantime. */
  clear(roomId: string, range: UnackedRange): Promise<void>;
  /** The ranges of all sessions, or of a part of them. */
  pages(roomId: string, part?: { index: number; of: number }): AsyncIterable<UnackedRange[]>;
}
