import type { Answer } from "./json-response.ts";

/** What has to be allowed before a request is served. */
export interface RequiredPermission {
  action: string;
  resource: string;
}

/** One of AWS' services, as far as it is served here. */
export interface JsonService {
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
  requiredPermissions(operation: string, input: JsonInput): RequiredPermission[] | undefined;
  /** Words the refusal of a role. */
  refuse(message: string): Answer;
  /** @param trace header of the invocation that asks, if one does */
  serve(operation: string, input: JsonInput, request: { body: string; trace: string | undefined }): Promise<Answer>;
}
export type JsonInput = Record<string, unknown>;
