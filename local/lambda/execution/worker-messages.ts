/** The `workerData` of an execution environment. */
export interface EnvironmentStart {
  /** Folder of the function's code. */
  folder: string;
  /** `file.export`, as in the template. */
  handler: string;
  functionName: string;
  functionArn: string;
  logGroupName: string;
  memoryMb: number;
  /** An `Int32`. 0: frozen, no event is waiting. 1: an event waits in the message port. */
  wake: SharedArrayBuffer;
}

/** An event for an execution environment. */
export interface EventMessage {
  requestId: string;
  /** JSON. */
  event: string;
  /** When the invocation times out, in milliseconds since 1970. */
  deadlineMs: number;
  /** `Root=…`. The AWS SDK reads it from `_X_AMZN_TRACE_ID` and sends it with each call. */
  trace?: string | undefined;
}

/** An error in Lambda's format. */
export interface LambdaError {
  /** The name of a thrown error, or `Runtime.…` and `Sandbox.…` for other failures. */
  errorType: string;
  errorMessage: string;
  /** Stack trace. */
  trace?: string[];
}

/** A message from an execution environment to its owner. */
export type EnvironmentMessage =
  | { kind: "ready" }
  /** `value` is JSON. */
  | { kind: "returned"; value: string }
  | { kind: "threw"; error: LambdaError }
  /** The environment cannot be used again. */
  | { kind: "crashed"; error: LambdaError }
  | { kind: "printed"; text: string };
