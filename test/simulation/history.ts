import type { MessageFrame } from "../../protocol/frames.ts";

// Times in a history are moments: numbers that count up with every recorded operation.

/** One message that a service or a page sent, or tried to send. */
export interface SentMessage {
  /** Unique: no other message uses it. */
  eventName: string;
  /** Room ids as the tables have them: `456`, `@user/ann`, `@all`. */
  rooms: string[];
  isLogged: boolean;
  /** Moments of the first attempt, and of the last reply to any attempt. */
  requestedAt: number;
  repliedAt: number | undefined;
  /** Whether any attempt was answered `0000` or `2010`. */
  isAccepted: boolean;
}

/** One message that a page's callback received. */
export interface ReceivedMessage extends Pick<MessageFrame, "eventName" | "messageId" | "seq" | "epoch"> {
  at: number;
}

/** One membership of a page in a room, from a login to its end, as the page knows it. */
export interface Membership {
  page: string;
  subject: string;
  roomId: string;
  /** Moment at which the login was requested. */
  requestedAt: number;
  /** Moment of the login reply; `Infinity` before that. */
  from: number;
  /** Catch-up options of the login. */
  catchUp: "none" | "last" | "history";
  /** Moment at which the page received that it is out, received the reply to its leave, or was closed. */
  until: number | undefined;
  end: "left" | "out" | "closed" | undefined;
  /** A leave was not answered, so it may have happened. */
  isUncertain: boolean;
  /** In the order of arrival. */
  received: ReceivedMessage[];
}

/** The recorded operations and results of one run, which the oracle judges. */
export class History {
  readonly sent: SentMessage[] = [];
  readonly memberships: Membership[] = [];
  /** Violations that were seen at once, whatever follows. */
  readonly violations: string[] = [];
  readonly #trace: string[] = [];
  #moment = 0;

  /** @returns the next moment */
  moment(): number {
    this.#moment += 1;
    return this.#moment;
  }

  /** Adds a line to the trace. */
  traceEvent(actor: string, event: string): void {
    this.#trace.push(`${this.#moment} ${new Date().toISOString().slice(14, 23)} ${actor} ${event}`);
  }

  /** Everything that happened, one event a line, to find the cause of a failure. */
  get trace(): string {
    return this.#trace.join("\n");
  }

  recordSend(eventName: string, rooms: string[], isLogged: boolean): SentMessage {
    const sent: SentMessage = {
      eventName,
      rooms,
      isLogged,
      requestedAt: this.moment(),
      repliedAt: undefined,
      isAccepted: false,
    };
    this.sent.push(sent);
    return sent;
  }

  recordReply(sent: SentMessage, isAccepted: boolean): void {
    sent.repliedAt = this.moment();
    sent.isAccepted ||= isAccepted;
  }
}
