/**
 * For each client of the SDK. Without them a request over a line that died in silence, as lines of a frozen function do,
 * takes minutes, which is longer than any function has. What came too late is asked again by the SDK, up to its number of
 * attempts, over another line.
 *
 * Options, not a handler: that would have to be imported by name, and the SDK makes the very same one of them.
 */
export const requestHandler = {
  /** Milliseconds until there is a line. */
  connectionTimeout: 1_000,
  /** Milliseconds until the answer begins; DynamoDB and SQS take some 10. */
  requestTimeout: 3_000,
  /** Else it would only be a warning in the log. */
  throwOnRequestTimeout: true,
  /** Milliseconds for which an answer that has begun may stand still. */
  socketTimeout: 3_000,
};
