import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("a login to an empty room passes through these files and no others", async () => {
  const script = join(import.meta.dirname, "files-of-a-login.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  expect(JSON.parse(stdout)).toEqual([
    "lambdas/adapters/dynamodb/connections.ts",
    "lambdas/adapters/dynamodb/expiry.ts",
    "lambdas/adapters/dynamodb/keys.ts",
    "lambdas/adapters/dynamodb/members.ts",
    "lambdas/adapters/dynamodb/rooms.ts",
    "lambdas/adapters/dynamodb/table.ts",
    "lambdas/adapters/tokens/tokens.ts",
    "lambdas/domain/concurrency/pages.ts",
    "lambdas/domain/log/start-position.ts",
    "lambdas/domain/login/login-reply.ts",
    "lambdas/domain/login/login.ts",
    "lambdas/domain/login/policies/admit.ts",
    "lambdas/domain/login/policies/first.ts",
    "lambdas/domain/login/policies/lease.ts",
    "lambdas/domain/model/grants.ts",
    "lambdas/domain/model/polling.ts",
    "lambdas/domain/wire/serialize.ts",
    "lambdas/handlers/on-socket-event.ts",
    "protocol/checks.ts",
    "protocol/codes.ts",
    "protocol/ids.ts",
    "protocol/parse-frame.ts",
  ]);
});
