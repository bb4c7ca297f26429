import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("a push to a room of two passes through these files and no others", async () => {
  const script = join(import.meta.dirname, "files-of-a-push.ts");
  const { stdout } = await promisify(execFile)(process.execPath, [script]);
  expect(JSON.parse(stdout)).toEqual([
    "lambdas/adapters/dynamodb/expiry.ts",
    "lambdas/adapters/dynamodb/keys.ts",
    "lambdas/adapters/dynamodb/members.ts",
    "lambdas/adapters/dynamodb/messages.ts",
    "lambdas/adapters/dynamodb/pushes.ts",
    "lambdas/adapters/dynamodb/rooms.ts",
    "lambdas/adapters/dynamodb/table.ts",
    "lambdas/domain/concurrency/for-each-limited.ts",
    "lambdas/domain/delivery/deliver.ts",
    "lambdas/domain/log/append.ts",
    "lambdas/domain/model/member.ts",
    "lambdas/domain/model/outcomes.ts",
    "lambdas/domain/model/polling.ts",
    "lambdas/domain/model/room-size.ts",
    "lambdas/domain/model/room.ts",
    "lambdas/domain/push/push.ts",
    "lambdas/domain/schedule/ack-check.ts",
    "lambdas/domain/send/post.ts",
    "lambdas/domain/wire/outgoing-message.ts",
    "lambdas/domain/wire/serialize.ts",
    "lambdas/handlers/on-push.ts",
    "lambdas/handlers/rest-event.ts",
    "protocol/checks.ts",
    "protocol/codes.ts",
    "protocol/ids.ts",
    "protocol/push.ts",
    "protocol/raw-json.ts",
  ]);
});
