import { styleText } from "node:util";
import type { Endpoints } from "./endpoints-file.ts";

/** The text that `npm start` prints when it is ready. Its `curl` line works when it is pasted into a shell. */
export function banner(
  { webSocketUrl, restUrl, consoleUrl, apiKey, token }: Endpoints,
  { dataLocation, readyInMs }: { dataLocation: string; readyInMs: number },
): string {
  const push = `${restUrl}/push`;
  const body = JSON.stringify({ roomId: "456", eventName: "test", data: { hello: "world" } });
  const row = (name: string, value: string) => `  ${green("➜")}  ${bold(name.padEnd(11))}${value}`;
  return [
    "",
    `  ${bold(green("DOWNLINK"))}  ${dim(`ready in ${Math.round(readyInMs)} ms`)}`,
    "",
    row("Console", cyan(consoleUrl)),
    row("WebSocket", cyan(webSocketUrl)),
    row("Push", cyan(push)),
    row("API key", apiKey),
    row("Token", token),
    "",
    "  Push to room 456:",
    "",
    `curl ${push} -H 'x-api-key: ${apiKey}' -H 'content-type: application/json' -d '${body}'`,
    "",
    dim(`  Data: ${dataLocation}. URLs and keys: .local/endpoints.json. Press Ctrl-C to stop.`),
    "",
    "",
  ].join("\n");
}

const bold = (text: string) => styleText("bold", text);
const dim = (text: string) => styleText("dim", text);
const green = (text: string) => styleText("green", text);
const cyan = (text: string) => styleText("cyan", text);
