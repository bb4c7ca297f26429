/** How often a fault strikes: a share from 0 (never) to 1 (always), or a decision per connection id. */
export type Share = number | ((connectionId: string) => boolean);

/** Switches that a test may change at any time; each stands for something that API Gateway was seen to do. */
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
  /** Time that a post takes before anything else happens to it. */
  slowPostMs: (connectionId: string) => number;
  /** Connections whose peer has vanished unnoticed: posts and GetConnection give 200, nothing arrives or departs. */
  halfOpen: Set<string>;
  /** 0 ≤ number < 1; give a seeded one to repeat a run. */
  random: () => number;
}

/** All switches off. */
export const noFaults = (random: () => number = Math.random): Faults => ({
  lostDisconnects: 0,
  hangingPosts: 0,
  throttledPosts: 0,
  failingPosts: 0,
  goneButDelivered: 0,
  lostPosts: 0,
  slowPostMs: () => 0,
  halfOpen: new Set(),
  random,
});

export function strikes(faults: Faults, share: Share, connectionId: string): boolean {
  return typeof share === "number" ? faults.random() < share : share(connectionId);
}
