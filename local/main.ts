import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { banner } from "./banner.ts";
import { printLine } from "./print-line.ts";
import { readArguments } from "./read-arguments.ts";
import { startLocal } from "./start.ts";

const endpointsFile = fileURLToPath(new URL("../.local/endpoints.json", import.meta.url));

try {
  const { port, data, quiet } = readArguments(process.argv.slice(2));
  const local = await startLocal({ port, data, ...(quiet ? {} : { show: printLine }) });
  const { webSocketUrl, restUrl, consoleUrl, apiKey, token, tokenSecret } = local;
  const endpoints = { webSocketUrl, restUrl, consoleUrl, apiKey, token, tokenSecret };
  mkdirSync(join(endpointsFile, ".."), { recursive: true });
  writeFileSync(endpointsFile, `${JSON.stringify(endpoints, undefined, 2)}\n`, { mode: 0o600 });
  process.stdout.write(banner(endpoints, { data, readyInMs: performance.now() }));

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, async () => {
      rmSync(endpointsFile, { force: true });
      await local.close();
      process.exit(0);
    });
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
