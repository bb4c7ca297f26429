export type FunctionName = "authorize" | "socket" | "push" | "poll" | "redeliver" | "fanOut";

/** One run of a Lambda. */
export interface Invocation {
  name: FunctionName;
  /** How often it waited for DynamoDB; calls that were under way together count once. */
  roundTrips: number;
  /** Those before its first post; absent if it posted nothing. */
  roundTripsToPost?: number;
  posts: number;
  /** Messages sent to a queue. */
  orders: number;
}

/** What an operation made AWS do. */
export interface Usage {
  /** DynamoDB's read request units: 4 KB each, read strongly. */
  reads: number;
  /** Its write request units: 1 KB each. */
  writes: number;
  invocations: Invocation[];
  /** Of the WebSocket API, both ways: 32 KB each. */
  messages: number;
  /** To the REST API. */
  requests: number;
  queueRequests: number;
}

export const noUsage = (): Usage => ({
  reads: 0,
  writes: 0,
  invocations: [],
  messages: 0,
  requests: 0,
  queueRequests: 0,
});

/** The longest chain of round trips in any one function. */
export const roundTripsOf = ({ invocations }: Usage) => Math.max(0, ...invocations.map(({ roundTrips }) => roundTrips));

/** The same up to the first post; absent if nothing was posted. */
export const roundTripsToPostOf = ({ invocations }: Usage) =>
  invocations.find(({ roundTripsToPost }) => roundTripsToPost !== undefined)?.roundTripsToPost;
