/** How often a fault strikes: a share from 0 (never) to 1 (always), or a decision per id. */
export type Share = number | ((id: string) => boolean);

/**
 * Switches that a test may change at any time, each by itself; each stands for something that AWS was seen to do.
 * Those of posts and disconnects decide per connection id.
 */
export interface Faults {
  /** `$disconnect` never runs. */
  lostDisconnects: Share;
  /** The post is not answered until the caller gives up. */
  hangingPosts: Share;
  /** 429, as in a storm or with one slow reader. */
  throttledPosts: Share;
  /** 500. */
  failingPosts: Share;
  /** 410, although the connection is open and gets the message. */
  goneButDelivered: Share;
  /** 200, although the message is lost. */
  lostPosts: Share;
  /** The post takes `slowPostMs` before anything else happens to it. */
  slowPosts: Share;
  /** @default 1000 */
  slowPostMs: number;
  /** Connections whose peer has vanished unnoticed: posts and GetConnection give 200, nothing arrives or departs. */
  halfOpen: Set<string>;
  /** A message of a queue goes to its function twice, in two batches at the same time; decides per message id. */
  duplicatedMessages: Share;
  /** A function dies at a call to AWS, half of the times before and half after it; decides per logical id. */
  crashes: Share;
  /** Lets a function die once, at a call that an invocation makes. */
  crashAt(functionId: string, call: number, when: CrashTime): CrashPoint;
  /** 0 ≤ number < 1; give a seeded one to repeat a run. */
  random: () => number;
}

/** Whether the call still does what it should; its answer never arrives. */
export type CrashTime = "before" | "after";

export interface CrashPoint {
  /** Logical id. */
  readonly functionId: string;
  /** The n-th call of one invocation, counted from 1 as calls arrive. */
  readonly call: number;
  readonly when: CrashTime;
  /** It has happened, and does not happen again. */
  struck: boolean;
}

/** All switches off. */
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

/** Asked once for each call. */
export interface CrashDecision {
  crashOf(functionId: string, call: number): CrashTime | undefined;
}

/** Whether a fault strikes this time. */
export function strikes({ random }: Pick<Faults, "random">, share: Share, id: string): boolean {
  return typeof share === "number" ? random() < share : share(id);
}
