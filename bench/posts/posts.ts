import { type ChildProcess, fork, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selfSigned } from "../../test/support/self-signed.ts";
import { median } from "../median.ts";
import type { Round } from "./posting-process.ts";
import { type Measured, postsTable, type Setting } from "./table.ts";
import { ways } from "./clients.ts";

const hops = 5;
const postsPerRound = 2_500;
/** Until then the code of a way is not what it will be: the compiler is at it. */
const warmUps = 2;

const settings: Setting[] = [
  { isSecure: false, latencyMs: 0 },
  { isSecure: false, latencyMs: 10 },
  { isSecure: true, latencyMs: 0 },
  { isSecure: true, latencyMs: 10 },
];

const file = (name: string) => join(import.meta.dirname, "posts", name);

/** What a post costs the process that makes it, in each way, as text. */
export async function posts(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "downlink-bench-"));
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const { key, cert } = selfSigned();
  writeFileSync(keyFile, key);
  writeFileSync(certFile, cert);
  try {
    const measured: Measured[] = [];
    for (const setting of settings) measured.push(...(await measure(setting, keyFile, certFile)));
    return postsTable(measured, { hops, postsPerRound });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(setting: Setting, keyFile: string, certFile: string): Promise<Measured[]> {
  const { isSecure, latencyMs } = setting;
  const tls = isSecure ? [keyFile, certFile] : [];
  const stub = spawn(process.execPath, [file("stub-server.ts"), `${latencyMs}`, ...tls], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [port] = await once(stub.stdout, "data");
  const url = `${isSecure ? "https" : "http"}://127.0.0.1:${Number(`${port}`)}/socket`;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: certFile };
  const processes = Object.keys(ways).map((name) => ({
    name,
    child: fork(file("posting-process.ts"), [name, url], { env }),
  }));
  try {
    const taken = new Map<string, Round[]>(processes.map(({ name }) => [name, []]));
    for (let hop = -warmUps; hop < hops; hop += 1) {
      // One after the other, again and again: whatever else the machine does hits all of them.
      for (const { name, child } of processes) {
        const result = await postRound(child);
        if (hop >= 0) taken.get(name)?.push(result);
      }
    }
    return [...taken].map(([name, results]) => ({
      ...{ name, setting },
      cpuMicros: median(results.map(({ cpuMicros }) => cpuMicros)) / postsPerRound,
      perSecond: (postsPerRound / median(results.map(({ wallMs }) => wallMs))) * 1000,
    }));
  } finally {
    for (const { child } of processes) child.kill();
    stub.kill();
  }
}

async function postRound(child: ChildProcess): Promise<Round> {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, "exit", { signal }).then(() => Promise.reject(new Error("a posting process has ended")));
  ended.catch(() => {});
  child.send(postsPerRound);
  const [result] = await Promise.race([once(child, "message", { signal }), ended]);
  over.abort();
  return result;
}
