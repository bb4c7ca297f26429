// A process that is one fan-out worker. Arguments: URL of the tables, of the stage, the source of the members, their number.
// It tells what that took, and ends. Node has to be started with --expose-gc.
import { runTask } from "../../lambdas/domain/fan-out/run-task.ts";
import type { FanOutTask } from "../../lambdas/domain/model/fan-out-task.ts";
import type { Member, Members } from "../../lambdas/domain/model/member.ts";
import { allAtOnce, generatedMembers, roomOf } from "./members.ts";
import { type Source, type Work, warmUpMembers } from "./work.ts";
import { workerDeps } from "./worker-deps.ts";

const [tablesUrl = "", stageUrl = "", source = "", size = ""] = process.argv.slice(2);
const text = JSON.stringify({ type: "message", eventName: "test", data: "x".repeat(120), roomId: "456" }).padEnd(200);

const rest: FanOutTask[] = [];
const deps = workerDeps(tablesUrl, new URL(stageUrl), (tasks) => rest.push(...tasks));
const sources = {
  table: () => deps.members.pages,
  generated: (size) => (_roomId, _part, after) => generatedMembers(size, after),
  generatedAtOnce: (size) => (_roomId, _part, after) => allAtOnce(generatedMembers(size, after)),
} satisfies Record<Source, (size: number) => Members["pages"]> as Record<string, (size: number) => Members["pages"]>;
const sourceOf = sources[source];
if (!sourceOf || !process.send) throw new Error(`${source} is no source, or nobody listens`);

const collectGarbage = globalThis.gc;
if (!collectGarbage) throw new Error("start it with --expose-gc");
const inUse = () => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

// It ends with the process that started it.
process.on("disconnect", () => process.exit());

let held = 0;
let mostHeld = 0;
let posted = 0;
async function* counted(of: AsyncIterable<Member[]>): AsyncGenerator<Member[]> {
  for await (const page of of) {
    held += page.length;
    mostHeld = Math.max(mostHeld, held);
    yield page;
  }
}
const watched: typeof deps = {
  ...deps,
  gateway: {
    ...deps.gateway,
    post: async (connectionId, frame) => {
      const outcome = await deps.gateway.post(connectionId, frame);
      held -= 1;
      posted += 1;
      if (posted === half) lookHalfway();
      return outcome;
    },
  },
};
const members = Number(size);
const half = warmUpMembers + Math.ceil(members / 2);
let halfwayBytes = 0;
// The look itself is not part of the work.
let lookMs = 0;
let lookCpuMs = 0;
function lookHalfway(): void {
  const cpu = process.cpuUsage();
  const fromMs = performance.now();
  halfwayBytes = inUse();
  lookMs = performance.now() - fromMs;
  lookCpuMs = cpuMsSince(cpu);
}
const cpuMsSince = (before: NodeJS.CpuUsage) => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};
collectGarbage();
const idleBytes = process.memoryUsage.rss();

// A worker has mostly worked before: the code is compiled, the lines are open.
await work(warmUpMembers, (_roomId, _part, after) => generatedMembers(warmUpMembers, after));
const cpu = process.cpuUsage();
const fromMs = performance.now();
const hops = await work(members, sourceOf(members));
const wallMs = performance.now() - fromMs - lookMs;
const cpuMs = cpuMsSince(cpu) - lookCpuMs;
if (posted !== members + warmUpMembers) throw new Error(`${posted} posts, not one to each of ${members}`);
// Not what was there at the start: V8 forgets code that is not used any more, some seconds later.
const liveBytes = halfwayBytes - inUse();
const peakBytes = process.resourceUsage().maxRSS * 1024 - idleBytes;
const result: Work = { peakBytes, idleBytes, liveBytes, wallMs, cpuMs, mostHeld, hops };
process.send(result, () => process.exit());

/** @returns how many rounds it took */
async function work(size: number, read: Members["pages"]): Promise<number> {
  const to = { index: 0, of: 1 };
  const roomId = roomOf(size);
  const task = { roomId, messageId: deps.newId(), text, epoch: "k3f9x2a", seq: 12, taskId: "0/1", to, hop: 0 };
  const members: Members = { ...deps.members, pages: (...args) => counted(read(...args)) };
  let hops = 0;
  for (let next: FanOutTask | undefined = task; next; next = rest.shift()) {
    // What a round had read and not begun is read again by the next.
    held = 0;
    hops += 1;
    if ((await runTask({ ...watched, members }, next)) !== "done") throw new Error("somebody else has the task");
  }
  return hops;
}
