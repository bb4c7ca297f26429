import { type Child, runInChild } from "../run-in-child.ts";
import type { ServerRequest } from "./messages.ts";
import { type Arrival, type ClientsRequest, type Endpoints, type Measurement, roomOf } from "./messages.ts";
import type { StackInput } from "./stack-process.ts";
import { type Moments, nowMs, stepsOfOurs, stepsOfSocketIo } from "./steps.ts";
import { endToEndReport, type Measured } from "./table.ts";

const sizes = [1_000, 5_000];
const pushes = 5;
/** Pushes that do not count, in which functions start and V8 compiles the code. */
const warmUps = 2;
const timeoutMs = 60_000;
/** Writes after the response of a push, such as its record, end within this time. */
const settleMs = 500;

const input = (input: StackInput) => input;
const servers = [
  { name: "Socket.IO", file: "socket-io-process.ts", input: undefined, steps: stepsOfSocketIo },
  { name: "ours, raised rate", file: "stack-process.ts", input: input({ postsPerSecond: 1e6 }), steps: stepsOfOurs },
  { name: "ours, default rate", file: "stack-process.ts", input: input({}), steps: stepsOfOurs },
];

interface Running {
  name: string;
  server: Child;
  endpoints: Endpoints;
  steps: Measured["steps"];
}

/** Measures a push through the local stack to the last client, compared to a broadcast of a Socket.IO server. */
export async function endToEnd(): Promise<string[]> {
  const children: Child[] = [];
  const start = (file: string, input?: unknown) => {
    const child = runInChild(new URL(file, import.meta.url), input);
    children.push(child);
    return child;
  };
  try {
    const clients = start("clients-process.ts");
    const running: Running[] = [];
    for (const { name, file, input, steps } of servers) {
      console.error(`end-to-end: ${name}: starts, ${Math.max(...sizes)} clients connect`);
      const server = start(file, input);
      const endpoints = await server.next<Endpoints>();
      await clients.request({ kind: "open", server: endpoints, clients: Math.max(...sizes) } satisfies ClientsRequest);
      await server.request({ kind: "fillRooms", sizes } satisfies ServerRequest);
      running.push({ name, server, endpoints, steps });
    }
    return endToEndReport(await measure(running, clients), { pushes, warmUps });
  } finally {
    for (const child of children) child.stop();
  }
}

async function measure(running: readonly Running[], clients: Child): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const size of sizes) {
    const rows = running.map(
      ({ name, steps }): Measured => ({ name, steps, size, pushes: [], cpuMs: [], mainCpuMs: [] }),
    );
    for (let i = -warmUps; i < pushes; i += 1) {
      console.error(`end-to-end: ${size} clients, push ${i + warmUps + 1} of ${pushes + warmUps}`);
      // The servers take turns, so that other load on the machine affects all of them.
      for (const [row, server] of running.entries()) {
        const { moments, cpuMs, mainCpuMs } = await push(server, clients, size, `push-${size}-${i + warmUps}-`);
        if (i < 0) continue;
        rows[row]?.pushes.push(moments);
        rows[row]?.cpuMs.push(cpuMs);
        rows[row]?.mainCpuMs.push(mainCpuMs);
      }
    }
    measured.push(...rows);
  }
  return measured;
}

/** @throws if a client does not receive the push in time */
async function push({ name, server, endpoints }: Running, clients: Child, size: number, text: string) {
  await server.request({ kind: "start" } satisfies ServerRequest);
  await clients.request({ kind: "expect", text, clients: size } satisfies ClientsRequest);
  const sent = nowMs();
  const response = await fetch(endpoints.pushUrl, {
    method: "POST",
    headers: { "content-type": "application/json", ...(endpoints.apiKey && { "x-api-key": endpoints.apiKey }) },
    body: JSON.stringify({ roomId: roomOf(size), eventName: "test", data: text.padEnd(120, "x") }),
  });
  const answered = nowMs();
  if (!response.ok) throw new Error(`the response of ${name} was ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
  const { firstMs: firstClient, lastMs: lastClient } = await withTimeout(clients.next<Arrival>(), name);
  const measurement = await server.request<Measurement>({ kind: "stop" } satisfies ServerRequest);
  await new Promise((done) => setTimeout(done, settleMs));
  const moments: Moments = { ...measurement.moments, sent, answered, firstClient, lastClient };
  return { ...measurement, moments };
}

async function withTimeout<T>(result: Promise<T>, name: string): Promise<T> {
  const timeout = Promise.withResolvers<never>();
  const fail = () => timeout.reject(new Error(`clients of ${name} lack a push after ${timeoutMs} ms`));
  const timer = setTimeout(fail, timeoutMs);
  return Promise.race([result, timeout.promise]).finally(() => clearTimeout(timer));
}
