/** What an execution environment is started with. */
export interface EnvironmentStart {
  /** Folder of the function's code. */
  folder: string;
  /** `file.export`, as in the template. */
  handler: string;
  functionName: string;
  functionArn: string;
  logGroupName: string;
  memoryMb: number;
  /** 0: frozen, nothing to do; 1: an event waits in the message port. */
  wake: SharedArrayBuffer;
}

export interface EventMessage {
  requestId: string;
  /** JSON. */
  event: string;
  /** When the function's timeout ends it, milliseconds since 1970. */
  deadlineMs: number;
  /** `Root=…`, for the variable by which the SDK knows what to send along. */
  trace?: string | undefined;
}

/** In Lambda's words; `errorType` is the error's name, or `Runtime.…` and `Sandbox.…` for what was no throw. */
export interface LambdaError {
  errorType: string;
  errorMessage: string;
  trace?: string[];
}

/** From the execution environment to its owner. */
export type EnvironmentMessage =
  | { kind: "ready" }
  /** `value` is JSON. */
  | { kind: "returned"; value: string }
  | { kind: "threw"; error: LambdaError }
  /** The environment cannot be used again. */
  | { kind: "crashed"; error: LambdaError }
  | { kind: "printed"; text: string };
