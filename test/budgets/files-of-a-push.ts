import { push } from "../../lambdas/domain/push/push.ts";
import { pushStatus } from "../../lambdas/domain/push/status.ts";
import { waitForAcks } from "../../lambdas/domain/push/wait-for-acks.ts";
import { onPush } from "../../lambdas/handlers/on-push.ts";
import type { RestEvent } from "../../lambdas/handlers/rest-event.ts";
import { openHarness } from "../support/harness.ts";
import { filesThatRun } from "./files-that-run.ts";

// Prints the files of the functions that run for one push to a room of two. Own process: Vitest adds functions of its own.
const harness = await openHarness();
for (const subject of ["ann", "bob"]) {
  const page = await harness.connect({ subject, acks: true });
  await page.login("456", "loginWhenever");
}
const body = '{"roomId":"456","eventName":"test","data":{}}';
const event = { httpMethod: "POST", body, isBase64Encoded: false } as RestEvent;
const handler = onPush(() => harness.deps, { push, pushStatus, waitForAcks });
const files = await filesThatRun(async () => {
  const { statusCode } = await handler(event);
  if (statusCode !== 200) throw new Error(`the push got ${statusCode}`);
});
await harness.end();
process.stdout.write(JSON.stringify(files));
