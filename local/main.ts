// The command `npm start`: runs Downlink on this machine until it receives Ctrl-C.
//
// The folders of local/, from top to bottom; each imports only folders below it:
//   host       the command, its server, and the wiring of the services
//   one folder for each AWS service; they do not import one another
//   iam        authorizes requests to the services
//   http, sigv4, template, world: HTTP servers, signatures, the resolved template; time, faults, logs and invocations
import { readArguments } from "./host/arguments.ts";
import { banner } from "./host/banner.ts";
import { removeEndpoints, writeEndpoints } from "./host/endpoints-file.ts";
import { printLogLine } from "./host/print-log-line.ts";
import { startLocal } from "./host/runtime.ts";

try {
  const { port, data, quiet } = readArguments(process.argv.slice(2));
  const local = await startLocal({ port, data, ...(quiet ? {} : { onLogLine: printLogLine }) });
  const { webSocketUrl, restUrl, consoleUrl, apiKey, token, tokenSecret } = local;
  const endpoints = { webSocketUrl, restUrl, consoleUrl, apiKey, token, tokenSecret };
  writeEndpoints(endpoints);
  const dataLocation = process.env.DYNAMODB_ENDPOINT ?? (data === "disk" ? ".local/data" : "memory");
  process.stdout.write(banner(endpoints, { dataLocation, readyInMs: performance.now() }));

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, async () => {
      removeEndpoints(endpoints);
      await local.close();
      process.exit(0);
    });
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
