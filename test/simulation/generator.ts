import fc from "fast-check";
import { type LoginPolicy, loginPolicies } from "../../protocol/ids.ts";

/** Rooms and pages are named by their index; those of another number of pages wrap around. */
export type PageStep = { afterMs: number } & (
  | { do: "login"; room: number; type: LoginPolicy; catchUp: "none" | "last" | "history" }
  | { do: "leave"; room: number }
  /** The connection is lost. `untold`: API Gateway does not notice, so that a ghost stays behind. */
  | { do: "drop"; untold: boolean }
  /** The line is dead, and neither end knows. */
  | { do: "freeze" }
  /** A new page of the same person takes over, and logs in to the rooms that the old one was in. */
  | { do: "reload"; untold: boolean; type: LoginPolicy; catchUp: "none" | "last" }
  /** No WebSocket gets through from now on. */
  | { do: "block" }
  | { do: "unblock" }
  | { do: "publish"; room: number; qos: 0 | 1 | 2 }
  | { do: "publishTo"; page: number }
);

export interface ServiceStep {
  afterMs: number;
  to: "room" | "rooms" | "user" | "everyone";
  /** Of the room or the page. */
  index: number;
  qos: 0 | 1;
  /** `retried`: with an id of its own, again after a failure. `doubled`: twice at once. */
  sends: "once" | "retried" | "doubled";
}

/** What some people's pages and a service do side by side in two rooms. */
export interface Plan {
  pages: { sharesUser: boolean; policy: LoginPolicy; steps: PageStep[] }[];
  service: ServiceStep[];
}

/** How often each fault strikes while the histories run. */
export interface FaultRates {
  lostPosts: number;
  goneButDelivered: number;
  throttledPosts: number;
  failingPosts: number;
  hangingPosts: number;
  slowPosts: number;
  slowPostMs: number;
  lostDisconnects: number;
  duplicatedMessages: number;
  halfOpenLines: number;
  crashes: number;
  /** Functions that die once at their n-th call. */
  crashPoints: { at: number; call: number; when: "before" | "after" }[];
}

/** Histories that run at the same time on one stack. */
export interface Wave {
  histories: Plan[];
  faultRates: FaultRates;
}

const afterMs = fc.integer({ min: 0, max: 500 });
const room = fc.nat(1);
const policy = fc.constantFrom(...loginPolicies);
// Where everybody puts out everybody else, hardly anybody is in when a message comes.
const mildPolicy = fc.constantFrom<LoginPolicy>(
  "loginWhenever",
  "loginWhenever",
  "loginWhenever",
  "loginWhenFirst",
  "loginWhenLast",
);
const one = <T>(value: T) => fc.constant(value);

const pageStep: fc.Arbitrary<PageStep> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      afterMs,
      do: one("login" as const),
      room,
      type: mildPolicy,
      catchUp: fc.constantFrom("none" as const, "none" as const, "last" as const, "history" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ afterMs, do: one("leave" as const), room }) },
  { weight: 2, arbitrary: fc.record({ afterMs, do: one("drop" as const), untold: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ afterMs, do: one("freeze" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      afterMs,
      do: one("reload" as const),
      untold: fc.boolean(),
      type: mildPolicy,
      catchUp: fc.constantFrom("none" as const, "last" as const, "last" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ afterMs, do: one("block" as const) }) },
  { weight: 1, arbitrary: fc.record({ afterMs, do: one("unblock" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({ afterMs, do: one("publish" as const), room, qos: fc.constantFrom<0 | 1 | 2>(0, 1, 1, 2) }),
  },
  { weight: 1, arbitrary: fc.record({ afterMs, do: one("publishTo" as const), page: fc.nat(3) }) },
);

// One for everyone goes to all pages of all histories.
const rooms = ["room", "room", "room", "room", "room"] as const;
const serviceStep: fc.Arbitrary<ServiceStep> = fc.record({
  afterMs,
  to: fc.constantFrom(...rooms, ...rooms, "rooms", "user", "user", "user", "everyone"),
  index: fc.nat(3),
  qos: fc.constantFrom<0 | 1>(0, 1, 1, 1, 1),
  sends: fc.constantFrom("once", "once", "retried", "doubled"),
});

const plan: fc.Arbitrary<Plan> = fc.record({
  pages: fc.array(
    fc.record({
      sharesUser: fc.constantFrom(false, false, true),
      policy,
      steps: fc.array(pageStep, { minLength: 2, maxLength: 6, size: "max" }),
    }),
    { minLength: 2, maxLength: 3, size: "max" },
  ),
  service: fc.array(serviceStep, { minLength: 4, maxLength: 9, size: "max" }),
});

const share = (most: number) => fc.integer({ min: 0, max: most }).map((perMille) => perMille / 1_000);
const faultRates: fc.Arbitrary<FaultRates> = fc.record({
  lostPosts: share(500),
  goneButDelivered: share(150),
  throttledPosts: share(150),
  failingPosts: share(150),
  hangingPosts: share(20),
  slowPosts: share(200),
  slowPostMs: fc.integer({ min: 50, max: 600 }),
  lostDisconnects: share(700),
  duplicatedMessages: share(500),
  halfOpenLines: share(10),
  crashes: share(10),
  crashPoints: fc.array(
    fc.record({ at: fc.nat(), call: fc.integer({ min: 1, max: 10 }), when: fc.constantFrom("before", "after") }),
    { maxLength: 12, size: "max" },
  ),
});

/** The wave of a seed, always the same one. */
export function waveOf(seed: number, size: number): Wave {
  const wave = fc.record({ histories: fc.array(plan, { minLength: size, maxLength: size }), faultRates });
  const [made] = fc.sample(wave, { seed, numRuns: 1 });
  if (!made) throw new Error("fast-check made nothing");
  return made;
}
