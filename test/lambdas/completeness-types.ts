import { expectTypeOf } from "vitest";
import { loginBy } from "../../lambdas/domain/login/login.ts";
import { resumeBy } from "../../lambdas/domain/login/resume.ts";
import { failureOf, type SocketOperations } from "../../lambdas/handlers/on-socket-event.ts";
import type { Action } from "../../protocol/frames.ts";
import type { LoginPolicy } from "../../protocol/ids.ts";

/** Compiled by `npm run types`, never called: a table that may lack an entry is a compile error. */
export function completeTables(frames: SocketOperations["frames"]) {
  expectTypeOf<keyof typeof loginBy>().toEqualTypeOf<LoginPolicy>();
  expectTypeOf<keyof typeof resumeBy>().toEqualTypeOf<LoginPolicy>();
  expectTypeOf<keyof typeof frames>().toEqualTypeOf<Exclude<Action, "heartbeat">>();
  expectTypeOf<keyof typeof failureOf>().toEqualTypeOf<"hello" | "loginRoom" | "leaveRoom" | "publish" | "replay">();

  const { loginWhenLast: _, ...otherPolicies } = loginBy;
  // @ts-expect-error a policy without a way to log in
  const logins: typeof loginBy = otherPolicies;
  const { loginWhenFirst: __, ...otherResumes } = resumeBy;
  // @ts-expect-error a policy without a way to resume
  const resumes: typeof resumeBy = otherResumes;
  const { replay: ___, ...otherOperations } = frames;
  // @ts-expect-error a client frame without an operation
  const operations: typeof frames = otherOperations;
  const { publish: ____, ...otherFailures } = failureOf;
  // @ts-expect-error an answered frame without a failure
  const failures: typeof failureOf = otherFailures;
  return { logins, resumes, operations, failures };
}
