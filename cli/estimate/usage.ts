export type FunctionName = "authorize" | "socket" | "push" | "poll" | "redeliver" | "fanOut";

/** One invocation of a Lambda function. */
export interface Invocation {
  name: FunctionName;
  /** Sequential waits for DynamoDB. Concurrent calls count once. */
  roundTrips: number;
  /** Round trips before the first post; absent without a post. */
  roundTripsToPost?: number;
  posts: number;
  /** Messages sent to a queue. */
  queueSends: number;
}

/** What one operation uses of each AWS service. */
export interface Usage {
  /** Read request units of DynamoDB: 4 KB each, strongly consistent. */
  reads: number;
  /** Write request units of DynamoDB: 1 KB each. */
  writes: number;
  invocations: Invocation[];
  /** Messages of the WebSocket API in both directions: 32 KB each. */
  messages: number;
  /** Requests to the REST API. */
  requests: number;
  /** Requests to SQS. */
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

/** The most sequential round trips of any function. */
export const roundTripsOf = ({ invocations }: Usage) => Math.max(0, ...invocations.map(({ roundTrips }) => roundTrips));

/** Round trips before the first post; absent without a post. */
export const roundTripsToPostOf = ({ invocations }: Usage) =>
  invocations.find(({ roundTripsToPost }) => roundTripsToPost !== undefined)?.roundTripsToPost;
