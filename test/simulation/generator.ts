import fc from "fast-check";
import { type LoginPolicy, loginPolicies } from "../../protocol/ids.ts";

/** One operation of a page. Rooms and pages are given by index, modulo their number. */
export type PageStep = { afterMs: number } & (
  | { do: "login"; room: number; type: LoginPolicy; catchUp: "none" | "last" | "history" }
  | { do: "leave"; room: number }
  /** The connection is lost. `isUnnoticed`: API Gateway does not notice, and a stale connection stays. */
  | { do: "drop"; isUnnoticed: boolean }
  /** The network is gone, and neither end notices. */
  | { do: "freeze" }
  /** A new page of the same user replaces this one, and logs in to the same rooms. */
  | { do: "reload"; isUnnoticed: boolean; type: LoginPolicy; catchUp: "none" | "last" }
  /** From now on, no WebSocket can be opened. */
  | { do: "block" }
  | { do: "unblock" }
  | { do: "publish"; room: number; qos: 0 | 1 | 2 }
  | { do: "publishTo"; page: number }
);

/** One push of the service. */
export interface ServiceStep {
  afterMs: number;
  to: "room" | "rooms" | "user" | "everyone";
  /** Index of the room or the page. */
  index: number;
  qos: 0 | 1;
  /** `retried`: with a `messageId`, again after each failure. `doubled`: with a `messageId`, twice at the same time. */
  sends: "once" | "retried" | "doubled";
}

/** The operations of one history: some pages and one service, concurrently, in two rooms. */
export interface Plan {
  pages: { sharesUser: boolean; policy: LoginPolicy; steps: PageStep[] }[];
  service: ServiceStep[];
}

/** Rates of the faults while the histories run: shares from 0 to 1. */
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
  halfOpenConnections: number;
  crashes: number;
  /** Functions that die once at their n-th call. `at` selects the function, modulo their number. */
  crashPoints: { at: number; call: number; when: "before" | "after" }[];
}

/** Histories that run at the same time on one stack, under the same faults. */
export interface Wave {
  histories: Plan[];
  faultRates: FaultRates;
}

const afterMs = fc.integer({ min: 0, max: 500 });
const room = fc.nat(1);
const policy = fc.constantFrom(...loginPolicies);
// If most logins evicted the other members, rooms would be nearly empty when a message is sent.
const mostlySharedPolicy = fc.constantFrom<LoginPolicy>(
  "loginWhenever",
  "loginWhenever",
  "loginWhenever",
  "loginWhenFirst",
  "loginWhenLast",
);
const constant = <T>(value: T) => fc.constant(value);

const pageStep: fc.Arbitrary<PageStep> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      afterMs,
      do: constant("login" as const),
      room,
      type: mostlySharedPolicy,
      catchUp: fc.constantFrom("none" as const, "none" as const, "last" as const, "history" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ afterMs, do: constant("leave" as const), room }) },
  { weight: 2, arbitrary: fc.record({ afterMs, do: constant("drop" as const), isUnnoticed: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ afterMs, do: constant("freeze" as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      afterMs,
      do: constant("reload" as const),
      isUnnoticed: fc.boolean(),
      type: mostlySharedPolicy,
      catchUp: fc.constantFrom("none" as const, "last" as const, "last" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ afterMs, do: constant("block" as const) }) },
  { weight: 1, arbitrary: fc.record({ afterMs, do: constant("unblock" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      afterMs,
      do: constant("publish" as const),
      room,
      qos: fc.constantFrom<0 | 1 | 2>(0, 1, 1, 2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ afterMs, do: constant("publishTo" as const), page: fc.nat(3) }) },
);

// Mostly rooms: a push to everyone reaches all pages of all histories.
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

const share = (maxPerMille: number) => fc.integer({ min: 0, max: maxPerMille }).map((perMille) => perMille / 1_000);
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
  halfOpenConnections: share(10),
  crashes: share(10),
  crashPoints: fc.array(
    fc.record({ at: fc.nat(), call: fc.integer({ min: 1, max: 10 }), when: fc.constantFrom("before", "after") }),
    { maxLength: 12, size: "max" },
  ),
});

/** Generates the wave of a seed: the same seed gives the same wave. @param size number of histories */
export function waveOf(seed: number, size: number): Wave {
  const wave = fc.record({ histories: fc.array(plan, { minLength: size, maxLength: size }), faultRates });
  const [generated] = fc.sample(wave, { seed, numRuns: 1 });
  if (!generated) throw new Error("fast-check generated nothing");
  return generated;
}
