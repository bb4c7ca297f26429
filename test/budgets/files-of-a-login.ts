import { loginRoom } from "../../lambdas/domain/login/login.ts";
import { onSocketEvent, type SocketOperations } from "../../lambdas/handlers/on-socket-event.ts";
import { openHarness } from "../support/harness.ts";
import { filesThatRun } from "./files-that-run.ts";

// Prints the files of the functions that run for one `loginRoom` to an empty room. Own process, as for a push.
const harness = await openHarness();
const { caller } = await harness.connect({ acks: true });
const operations = { frames: { loginRoom } } as unknown as SocketOperations;
const handler = onSocketEvent(() => harness.deps, operations);
const event = {
  requestContext: {
    eventType: "MESSAGE" as const,
    routeKey: "loginRoom",
    connectionId: caller.connectionId,
    connectedAt: caller.connectedAtMs,
    requestTimeEpoch: harness.nowMs,
    authorizer: {
      subject: caller.subject,
      rooms: JSON.stringify(caller.grants.rooms),
      publish: JSON.stringify(caller.grants.publish),
      tokenExpiresAt: String(caller.tokenExpiresAtMs / 1000),
    },
  },
  body: '{"action":"loginRoom","roomId":"456","ref":1}',
};
const files = await filesThatRun(async () => {
  const { body = "" } = await handler(event);
  if (JSON.parse(body).type !== "loggedIn") throw new Error(`the login got ${body}`);
});
await harness.end();
process.stdout.write(JSON.stringify(files));
