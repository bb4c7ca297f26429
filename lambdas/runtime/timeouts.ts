/**
 * Timeouts of each SDK client, in milliseconds. Without them, a request over a connection that died while the function was
 * frozen takes minutes, which is longer than any function may run. The SDK repeats a timed-out request on another
 * connection, up to its number of attempts.
 *
 * These are options, not a handler: the SDK creates the same handler from them.
 */
export const requestHandler = {
  /** Until the connection is open. */
  connectionTimeout: 1_000,
  /** Until the response starts; DynamoDB and SQS take some 10. */
  requestTimeout: 3_000,
  /** Without it, a timeout is only a warning in the log. */
  throwOnRequestTimeout: true,
  /** The longest pause within a response. */
  socketTimeout: 3_000,
};
