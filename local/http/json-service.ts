import type { Answer } from "./json-response.ts";

/** What has to be allowed before a request is served. */
export interface Need {
  action: string;
  resource: string;
}

/** One of AWS' services, as far as it is served here. */
export interface Service {
  /** As error messages call it. */
  name: string;
  /** As actions call it: `dynamodb`. */
  prefix: string;
  /**
   * What a request needs.
   *
   * @param operation such as `GetItem`
   * @returns `undefined` for operations that are not served
   */
  needs(operation: string, input: Input): Need[] | undefined;
  /** Words the refusal of a role. */
  refuse(message: string): Answer;
  /** @param trace header of the invocation that asks, if one does */
  serve(operation: string, input: Input, request: { body: string; trace: string | undefined }): Promise<Answer>;
}
export type Input = Record<string, unknown>;
