import type { MessageFrame } from "../../protocol/frames.ts";

/** One message that somebody sent, or tried to. */
export interface Sent {
  /** Of this message alone. */
  eventName: string;
  /** In the words of the tables. */
  rooms: string[];
  isLogged: boolean;
  /** Moments at which it was first asked for, and at which the last answer came. */
  askedAt: number;
  answeredAt: number | undefined;
  /** Some answer was `0000`, or `2010`. */
  isAccepted: boolean;
}

/** What a page's callback heard, in the order in which it heard it. */
export interface Received extends Pick<MessageFrame, "eventName" | "messageId" | "seq" | "epoch"> {
  at: number;
}

/** A page's time in a room, by what it was told. */
export interface Stay {
  page: string;
  subject: string;
  roomId: string;
  /** The login that began it was asked for at `askedAt` and answered at `from`, Infinity before that. */
  askedAt: number;
  from: number;
  /** It asked for what was before: by `since: "last"` or by `history`. */
  catchUp: "none" | "last" | "history";
  /** When the page was told that it is out, said that it leaves, or was closed. */
  until: number | undefined;
  end: "left" | "out" | "closed" | undefined;
  /** A leave was not answered: it may have happened. */
  isInDoubt: boolean;
  received: Received[];
}

/** Everything that a history did and that its pages heard. Moments are counted, not measured. */
export class History {
  readonly sent: Sent[] = [];
  readonly stays: Stay[] = [];
  /** What is wrong by itself, whatever comes later. */
  readonly faults: string[] = [];
  readonly #trace: string[] = [];
  #moment = 0;

  moment(): number {
    this.#moment += 1;
    return this.#moment;
  }

  note(who: string, what: string): void {
    this.#trace.push(`${this.#moment} ${new Date().toISOString().slice(14, 23)} ${who} ${what}`);
  }

  /** For whoever has to find out why. */
  get trace(): string {
    return this.#trace.join("\n");
  }

  begin(eventName: string, rooms: string[], isLogged: boolean): Sent {
    const sent: Sent = {
      eventName,
      rooms,
      isLogged,
      askedAt: this.moment(),
      answeredAt: undefined,
      isAccepted: false,
    };
    this.sent.push(sent);
    return sent;
  }

  answer(sent: Sent, isAccepted: boolean): void {
    sent.answeredAt = this.moment();
    sent.isAccepted ||= isAccepted;
  }
}
