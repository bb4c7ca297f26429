/**
 * What one attempt to post came to. `gone`: the connection has ended, as far as API Gateway knows. `slow`: it takes no
 * more now. `failed`: trouble on the way, it did not arrive. `unknown`: no answer in time, it may have arrived. `tooLarge`:
 * no connection will ever take it. Not even `sent` means that it arrived.
 */
export type PostOutcome = "sent" | "gone" | "slow" | "failed" | "unknown" | "tooLarge";

export interface Gateway {
  /**
   * One attempt; what is worth another is decided in post.ts.
   *
   * @param text one frame as JSON
   */
  post(connectionId: string, text: string): Promise<PostOutcome>;
  isOpen(connectionId: string): Promise<boolean>;
}
