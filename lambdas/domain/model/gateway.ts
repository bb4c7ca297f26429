/**
 * The result of one attempt to post. It is a hint: not even `sent` proves that the frame arrived.
 *
 * | outcome | meaning |
 * | --- | --- |
 * | `sent` | API Gateway took the frame |
 * | `gone` | the connection has ended, as far as API Gateway knows |
 * | `slow` | API Gateway throttles the connection or the account |
 * | `failed` | an error on the way; the frame did not arrive |
 * | `unknown` | no response in time; the frame may have arrived |
 * | `tooLarge` | no connection will ever take the frame |
 */
export type PostOutcome = "sent" | "gone" | "slow" | "failed" | "unknown" | "tooLarge";

export interface Gateway {
  /**
   * Makes one attempt. `send/post.ts` decides on further ones.
   *
   * @param text one frame as JSON
   */
  post(connectionId: string, text: string): Promise<PostOutcome>;
  /**
   * Whether API Gateway reports the connection as open. Also true if there is no valid response, because only a proof may
   * end a membership. A stale connection is open for minutes.
   */
  isOpen(connectionId: string): Promise<boolean>;
}
