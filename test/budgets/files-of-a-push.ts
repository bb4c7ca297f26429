import { type Profiler, Session } from "node:inspector/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { push } from "../../lambdas/domain/push/push.ts";
import { pushStatus } from "../../lambdas/domain/push/status.ts";
import { waitForAcks } from "../../lambdas/domain/push/wait-for-acks.ts";
import { onPush } from "../../lambdas/handlers/on-push.ts";
import type { RestEvent } from "../../lambdas/handlers/rest-event.ts";
import { openHarness } from "../support/harness.ts";

// Prints the files of the functions that run for one push to a room of two. Own process: Vitest adds functions of its own.
const root = `${pathToFileURL(join(import.meta.dirname, "../.."))}/`;
const harness = await openHarness();
for (const subject of ["ann", "bob"]) {
  const page = await harness.connect({ subject, acks: true });
  await page.login("456", "loginWhenever");
}
const body = '{"roomId":"456","eventName":"test","data":{}}';
const event = { httpMethod: "POST", body, isBase64Encoded: false } as RestEvent;
const handler = onPush(() => harness.deps, { push, pushStatus, waitForAcks });

const session = new Session();
session.connect();
await session.post("Profiler.enable");
await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
const { statusCode } = await handler(event);
const { result } = await session.post("Profiler.takePreciseCoverage");
await harness.end();
if (statusCode !== 200) throw new Error(`the push got ${statusCode}`);

const hasRun = ({ functions }: Profiler.ScriptCoverage) => functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0);
const files = result
  .filter(hasRun)
  .filter(({ url }) => url.startsWith(`${root}lambdas/`) || url.startsWith(`${root}protocol/`))
  .map(({ url }) => url.slice(root.length));
process.stdout.write(JSON.stringify(files.toSorted()));
