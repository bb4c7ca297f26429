/** How often a fault strikes: a probability from 0 (never) to 1 (always), or a decision for each id. */
export type Share = number | ((id: string) => boolean);

/**
 * Fault switches that a test can change at any time. They are independent of one another, and each reproduces a
 * behaviour that was observed on AWS. Faults of posts and disconnects are decided for each connection id.
 */
export interface Faults {
  /** `$disconnect` is not invoked. */
  lostDisconnects: Share;
  /** The post gets no response. */
  hangingPosts: Share;
  /** The response to the post is 429, as during a traffic peak or for a slow client. */
  throttledPosts: Share;
  /** The response to the post is 500. */
  failingPosts: Share;
  /** The response to the post is 410, although the connection is open and receives the message. */
  goneButDelivered: Share;
  /** The response to the post is 200, although the message is lost. */
  lostPosts: Share;
  /** The post waits for `slowPostMs` before it is processed. */
  slowPosts: Share;
  /** @default 1000 */
  slowPostMs: number;
  /**
   * Ids of connections whose client is gone without a close frame. The response to posts and GetConnection is 200, but
   * no data passes in either direction.
   */
  halfOpen: Set<string>;
  /** A queue message is delivered to its function twice, in two concurrent batches. Decided for each message id. */
  duplicatedMessages: Share;
  /**
   * A function is killed at a call to AWS: half of the times before the call, half after it. Decided for each logical
   * id.
   */
  crashes: Share;
  /**
   * Kills a function once.
   *
   * @param functionId logical id
   * @param call the n-th call to AWS within one invocation, counted from 1 in the order in which calls arrive
   */
  crashAt(functionId: string, call: number, when: CrashTime): CrashPoint;
  /** Returns a number from 0 (inclusive) to 1 (exclusive). Pass a seeded generator to repeat a run. */
  random: () => number;
}

/**
 * `before`: the call has no effect. `after`: the call takes effect. The function receives no response in both cases.
 */
export type CrashTime = "before" | "after";

/** Where a function is killed. */
export interface CrashPoint {
  /** Logical id. */
  readonly functionId: string;
  /** The n-th call of one invocation, counted from 1 in the order in which calls arrive. */
  readonly call: number;
  readonly when: CrashTime;
  /** True once the function was killed here. A crash point strikes only once. */
  struck: boolean;
}

/** Decides, once for each call to AWS, whether the calling function is killed. */
export interface CrashDecision {
  /** @returns `undefined` if the function survives the call */
  crashOf(functionId: string, call: number): CrashTime | undefined;
}

/** All faults switched off. */
export function noFaults(): Faults & CrashDecision {
  const points: CrashPoint[] = [];
  const faults: Faults & CrashDecision = {
    lostDisconnects: 0,
    hangingPosts: 0,
    throttledPosts: 0,
    failingPosts: 0,
    goneButDelivered: 0,
    lostPosts: 0,
    slowPosts: 0,
    slowPostMs: 1_000,
    halfOpen: new Set(),
    duplicatedMessages: 0,
    crashes: 0,
    crashAt: (functionId, call, when) => {
      const point = { functionId, call, when, struck: false };
      points.push(point);
      return point;
    },
    crashOf: (functionId, call) => {
      const point = points.find((each) => !each.struck && each.functionId === functionId && each.call === call);
      if (point) {
        point.struck = true;
        return point.when;
      }
      if (!strikes(faults, faults.crashes, functionId)) return undefined;
      return faults.random() < 0.5 ? "before" : "after";
    },
    random: Math.random,
  };
  return faults;
}

/** Whether a fault strikes this time. */
export function strikes({ random }: Pick<Faults, "random">, share: Share, id: string): boolean {
  return typeof share === "number" ? random() < share : share(id);
}
