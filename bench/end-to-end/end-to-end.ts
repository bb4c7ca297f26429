import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import { events, send } from "../run-in-child.ts";
import { hopsOfOurs, hopsOfSocketIo, type Moments, nowMs } from "./steps.ts";
import { type Arrival, type ClientsOrder, type Endpoints, roomOf, type Seen, type ServerOrder } from "./requests.ts";
import { type Measured, wayTable } from "./table.ts";

const sizes = [1_000, 5_000];
const pushes = 5;
/** Until then functions start and code is compiled. */
const warmUps = 2;
const tooLongMs = 60_000;
/** What a push leaves behind, such as notes in the books, is done by then. */
const restMs = 500;

const servers = [
  { name: "Socket.IO", file: "socket-io-process.ts", args: [], hops: hopsOfSocketIo },
  { name: "ours, pace raised", file: "stack-process.ts", args: ["1000000"], hops: hopsOfOurs },
  { name: "ours, default pace", file: "stack-process.ts", args: [], hops: hopsOfOurs },
];

interface Running {
  name: string;
  process: ChildProcess;
  endpoints: Endpoints;
  hops: Measured["hops"];
}

/** A push on its whole way through the local stack, beside a broadcast of a Socket.IO server, as text. */
export async function way(): Promise<string> {
  const started: ChildProcess[] = [];
  const start = (name: string, args: string[] = []) => {
    const child = fork(join(import.meta.dirname, "way", name), args);
    started.push(child);
    return child;
  };
  try {
    const clients = start("clients-process.ts");
    const running: Running[] = [];
    for (const { name, file, args, hops } of servers) {
      console.error(`fan-out/way: ${name}: the server starts, ${Math.max(...sizes)} clients connect`);
      const process = start(file, args);
      const endpoints = await events<Endpoints>(process, name);
      await send(clients, { kind: "open", server: endpoints, clients: Math.max(...sizes) } satisfies ClientsOrder);
      await send(process, { kind: "seat", rooms: sizes } satisfies ServerOrder);
      running.push({ name, process, endpoints, hops });
    }
    return wayTable(await measure(running, clients), { pushes, warmUps });
  } finally {
    for (const child of started) child.kill();
  }
}

async function measure(running: readonly Running[], clients: ChildProcess): Promise<Measured[]> {
  const measured: Measured[] = [];
  for (const size of sizes) {
    const rows = running.map(
      ({ name, hops }): Measured => ({ name, hops, size, pushes: [], cpuMs: [], mainCpuMs: [] }),
    );
    for (let hop = -warmUps; hop < pushes; hop += 1) {
      console.error(`fan-out/way: ${size} clients, push ${hop + warmUps + 1} of ${pushes + warmUps}`);
      // One after the other, again and again: whatever else the machine does hits all of them.
      for (const [i, server] of running.entries()) {
        const { moments, cpuMs, mainCpuMs } = await push(server, clients, size, `push-${size}-${hop + warmUps}-`);
        if (hop < 0) continue;
        rows[i]?.pushes.push(moments);
        rows[i]?.cpuMs.push(cpuMs);
        rows[i]?.mainCpuMs.push(mainCpuMs);
      }
    }
    measured.push(...rows);
  }
  return measured;
}

/** @throws if not all of the room's clients get it */
async function push({ name, process, endpoints }: Running, clients: ChildProcess, size: number, text: string) {
  await send(process, { kind: "watch" } satisfies ServerOrder);
  await send(clients, { kind: "expect", text, clients: size } satisfies ClientsOrder);
  const arrival = within(tooLongMs, events<Arrival>(clients), `the clients of ${name}`);
  // A push that is refused is what went wrong then.
  arrival.catch(() => {});
  const sent = nowMs();
  const response = await fetch(endpoints.pushUrl, {
    method: "POST",
    headers: { "content-type": "application/json", ...(endpoints.apiKey && { "x-api-key": endpoints.apiKey }) },
    body: JSON.stringify({ roomId: roomOf(size), eventName: "test", data: text.padEnd(120, "x") }),
  });
  const answered = nowMs();
  if (!response.ok) throw new Error(`${name} answered a push with ${response.status}: ${await response.text()}`);
  await response.arrayBuffer();
  const { firstMs: firstClient, lastMs: lastClient } = await arrival;
  const seen = await send<Seen>(process, { kind: "tell" } satisfies ServerOrder);
  await new Promise((done) => setTimeout(done, restMs));
  const moments: Moments = { ...seen.moments, sent, answered, firstClient, lastClient };
  return { ...seen, moments };
}

async function within<T>(ms: number, result: Promise<T>, what: string): Promise<T> {
  const over = Promise.withResolvers<never>();
  const timer = setTimeout(() => over.reject(new Error(`${what} had not got everything after ${ms} ms`)), ms);
  return Promise.race([result, over.promise]).finally(() => clearTimeout(timer));
}
