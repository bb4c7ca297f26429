// A process with one fan-out worker, as it is deployed. Posts to all members of a room and reports a `Work`. Node needs
// --expose-gc.
import { runTask } from "../../lambdas/domain/fan-out/run-task.ts";
import type { FanOutTask } from "../../lambdas/domain/model/fan-out-task.ts";
import type { Member, Members } from "../../lambdas/domain/model/member.ts";
import { fanOutDeps } from "../../lambdas/runtime/deps.ts";
import { cpuMsSince, readInput, report } from "../child.ts";
import { frame } from "../posts/post-all.ts";
import { generatedMembers, inOnePage, roomOf } from "./members.ts";
import { type Source, type Work, type WorkerInput, warmUpMembers } from "./work.ts";

const { source, size } = readInput<WorkerInput>();
const deps = fanOutDeps();
const pagesOf: Record<Source, Members["pages"]> = {
  table: deps.members.pages,
  generated: (_roomId, _part, after) => generatedMembers(size, after),
  generatedUnstreamed: (_roomId, _part, after) => inOnePage(generatedMembers(size, after)),
};

const collectGarbage = globalThis.gc;
if (!collectGarbage) throw new Error("start Node with --expose-gc");
const liveMemory = () => {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

let [held, maxHeld, posted] = [0, 0, 0];
const half = warmUpMembers + Math.ceil(size / 2);
let halfwayBytes = 0;
// The garbage collection halfway is not part of the work.
let [collectionMs, collectionCpuMs] = [0, 0];

collectGarbage();
const idleBytes = process.memoryUsage.rss();
await work(warmUpMembers, (_roomId, _part, after) => generatedMembers(warmUpMembers, after));
const cpu = process.cpuUsage();
const startMs = performance.now();
const runs = await work(size, pagesOf[source]);
const wallMs = performance.now() - startMs - collectionMs;
const cpuMs = cpuMsSince(cpu) - collectionCpuMs;
if (posted !== size + warmUpMembers) throw new Error(`${posted} posts to ${size} members`);
// Compared to the end and not to the start, because V8 discards unused code after some seconds.
const liveBytes = halfwayBytes - liveMemory();
const peakBytes = process.resourceUsage().maxRSS * 1024 - idleBytes;
report({ peakBytes, idleBytes, liveBytes, wallMs, cpuMs, maxHeld, runs } satisfies Work);

/** @returns the number of runs */
async function work(size: number, pages: Members["pages"]): Promise<number> {
  const [roomId, to] = [roomOf(size), { index: 0, of: 1 }];
  const rest: FanOutTask[] = [];
  const watched: typeof deps = {
    ...deps,
    members: { ...deps.members, pages: (...args) => countHeld(pages(...args)) },
    gateway: { ...deps.gateway, post: countPosted },
    enqueueTasks: async (tasks, afterMs) => {
      if (tasks.length > 0 && afterMs !== undefined) throw new Error("a post failed");
      rest.push(...tasks);
    },
    deadLetter: () => Promise.reject(new Error("a task was dead-lettered")),
  };
  const task = { roomId, messageId: deps.newId(), text: frame, epoch: "k3f9x2a", seq: 12, taskId: "0/1", to, hop: 0 };
  let runs = 0;
  for (let next: FanOutTask | undefined = task; next; next = rest.shift()) {
    // The next run reads the members again that this run read and did not post to.
    held = 0;
    runs += 1;
    if ((await runTask(watched, next)) !== "done") throw new Error("another worker has the task");
  }
  return runs;
}

async function* countHeld(pages: AsyncIterable<Member[]>): AsyncGenerator<Member[]> {
  for await (const page of pages) {
    held += page.length;
    maxHeld = Math.max(maxHeld, held);
    yield page;
  }
}

async function countPosted(connectionId: string, text: string) {
  const outcome = await deps.gateway.post(connectionId, text);
  held -= 1;
  posted += 1;
  if (posted === half) measureLiveMemory();
  return outcome;
}

function measureLiveMemory(): void {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  halfwayBytes = liveMemory();
  collectionMs = performance.now() - startMs;
  collectionCpuMs = cpuMsSince(cpu);
}
