import { type ChildProcess, execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("../../local/main.ts", import.meta.url));
// A separate directory: that of the project may hold the endpoints file of a runtime that a developer uses.
const cwd = mkdtempSync(join(tmpdir(), "downlink-"));
const endpointsFile = join(cwd, ".local", "endpoints.json");
afterAll(() => rmSync(cwd, { recursive: true }));
const run = promisify(execFile);
const npmStart = (...args: string[]) =>
  run(process.execPath, [main, ...args], { cwd, env: { ...process.env, NO_COLOR: "1" } });

/** Resolves with the output once it contains how to stop. Rejects if the process ends before. */
function ready({ stdout }: ChildProcess): Promise<string> {
  let printed = "";
  return new Promise((resolve, reject) => {
    stdout?.on("data", (chunk) => {
      printed += chunk;
      if (printed.includes("Ctrl-C")) resolve(printed);
    });
    stdout?.on("close", () => reject(new Error(printed)));
  });
}

describe("npm start", () => {
  test("prints a curl command that works, writes the endpoints file, and removes it after Ctrl-C", async () => {
    const running = npmStart("--port", "0", "--data", "memory", "--quiet");
    const printed = await ready(running.child);
    const endpoints = JSON.parse(readFileSync(endpointsFile, "utf8"));
    expect(Object.keys(endpoints).sort()).toEqual([
      ...["apiKey", "consoleUrl", "restUrl", "token", "tokenSecret", "webSocketUrl"],
    ]);
    for (const name of ["apiKey", "consoleUrl", "restUrl", "token", "webSocketUrl"]) {
      expect(printed).toContain(endpoints[name]);
    }
    const [line = ""] = /^curl .*$/m.exec(printed) ?? [];
    expect(JSON.parse((await run("sh", ["-c", `${line} --silent`])).stdout)).toMatchObject({ code: "0000" });

    running.child.kill("SIGINT");
    await expect(running).resolves.toMatchObject({ stderr: "" });
    expect(existsSync(endpointsFile)).toBe(false);
    await expect(fetch(endpoints.consoleUrl)).rejects.toThrow();
  });

  test("reports that a port is in use", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    await expect(npmStart("--port", String(port))).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: `port ${port} is in use; stop the process that listens there, or choose another port with --port\n`,
    });
    other.close();
  });

  test("refuses an unknown option", async () => {
    await expect(npmStart("--colour")).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Unknown option '--colour'; usage: npm start -- .*\n$/),
    });
  });
});
