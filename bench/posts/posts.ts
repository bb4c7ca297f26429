import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { selfSigned } from "../../test/support/self-signed.ts";
import { median } from "../median.ts";
import { runInChild } from "../run-in-child.ts";
import { clients } from "./clients.ts";
import type { PostingInput, Round } from "./posting-process.ts";
import type { StubInput } from "./stub-process.ts";
import { type Measured, postsReport, type Setting } from "./table.ts";

const rounds = 5;
const postsPerRound = 2_500;
/** Rounds that do not count, in which V8 compiles the code. */
const warmUps = 2;

const settings: Setting[] = [
  { isSecure: false, latencyMs: 0 },
  { isSecure: false, latencyMs: 10 },
  { isSecure: true, latencyMs: 0 },
  { isSecure: true, latencyMs: 10 },
];

/** Measures the CPU of a post with each client. */
export async function posts(): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "downlink-bench-"));
  const files = { keyFile: join(folder, "key.pem"), certFile: join(folder, "cert.pem") };
  const { key, cert } = selfSigned();
  writeFileSync(files.keyFile, key);
  writeFileSync(files.certFile, cert);
  try {
    const measured: Measured[] = [];
    for (const setting of settings) measured.push(...(await measure(setting, files)));
    return postsReport(measured, { rounds, postsPerRound });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function measure(setting: Setting, files: NonNullable<StubInput["tls"]>): Promise<Measured[]> {
  const { isSecure, latencyMs } = setting;
  const stubInput: StubInput = { latencyMs, ...(isSecure && { tls: files }) };
  const stub = runInChild(new URL("stub-process.ts", import.meta.url), stubInput);
  const url = `${isSecure ? "https" : "http"}://127.0.0.1:${await stub.next<number>()}/socket`;
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: files.certFile };
  const posting = Object.keys(clients).map((client) => {
    const input: PostingInput = { client, url };
    const child = runInChild(new URL("posting-process.ts", import.meta.url), input, { env });
    return { client, child, taken: [] as Round[] };
  });
  try {
    for (let round = -warmUps; round < rounds; round += 1) {
      // The clients take turns, so that other load on the machine affects all of them.
      for (const { child, taken } of posting) {
        const result = await child.request<Round>(postsPerRound);
        if (round >= 0) taken.push(result);
      }
    }
    return posting.map(({ client, taken }) => ({
      ...{ client, setting },
      cpuMicros: (median(taken.map(({ cpuMs }) => cpuMs)) / postsPerRound) * 1000,
      perSecond: (postsPerRound / median(taken.map(({ wallMs }) => wallMs))) * 1000,
    }));
  } finally {
    for (const { child } of posting) child.stop();
    stub.stop();
  }
}
