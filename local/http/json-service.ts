import type { JsonResponse } from "./json-response.ts";

/** An IAM action that the caller's role must allow on a resource. */
export interface RequiredPermission {
  /** Such as `dynamodb:GetItem`. */
  action: string;
  /** ARN. */
  resource: string;
}

/** An AWS service that uses the JSON protocol: each operation is a POST that `X-Amz-Target` names. */
export interface JsonService {
  /** Name for error texts: `DynamoDB`. */
  name: string;
  /** Service prefix of IAM actions: `dynamodb`. */
  prefix: string;
  /**
   * The permissions that a request needs.
   *
   * @param operation such as `GetItem`
   * @returns `undefined` if the local runtime does not serve the operation
   */
  requiredPermissions(operation: string, input: JsonInput): RequiredPermission[] | undefined;
  /**
   * The service's response to a caller whose role lacks a permission.
   *
   * @param message IAM's explanation
   */
  accessDenied(message: string): JsonResponse;
  /** Serves a request that is authorized. */
  serve(operation: string, input: JsonInput, request: JsonRequest): Promise<JsonResponse>;
}

/** The input of an operation, parsed. */
export type JsonInput = Record<string, unknown>;

export interface JsonRequest {
  /** The input as the client sent it. */
  body: string;
  /** The header `X-Amzn-Trace-Id`, if a function made the request. */
  trace: string | undefined;
}
