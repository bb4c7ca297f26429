import { connectionExpiry } from "../../lambdas/adapters/dynamodb/expiry.ts";
import { memberKey } from "../../lambdas/adapters/dynamodb/keys.ts";
import { tableOf } from "../../lambdas/adapters/dynamodb/table.ts";
import { ack } from "../../lambdas/domain/delivery/ack.ts";
import { replay } from "../../lambdas/domain/delivery/replay.ts";
import { makeRoomCache } from "../../lambdas/domain/delivery/room-cache.ts";
import { type FanOutDeps, runTask } from "../../lambdas/domain/fan-out/run-task.ts";
import type { AckCheck } from "../../lambdas/domain/model/ack-check.ts";
import type { Deps } from "../../lambdas/domain/model/deps.ts";
import type { FanOutTask } from "../../lambdas/domain/model/fan-out-task.ts";
import type { Gateway, PostOutcome } from "../../lambdas/domain/model/gateway.ts";
import type { Member, Part } from "../../lambdas/domain/model/member.ts";
import { type PushRequest, push } from "../../lambdas/domain/push/push.ts";
import { checkRoom } from "../../lambdas/domain/redelivery/check-room.ts";
import { makeRateLimiter } from "../../lambdas/domain/send/rate-limiter.ts";
import { everyone } from "../../protocol/ids.ts";
import { refused } from "../../protocol/parse-frame.ts";
import { AckingPage } from "./acking-page.ts";
import { Harness } from "./harness.ts";
import { openInMemoryTables } from "./in-memory-tables.ts";
import { LargeRoomPage, type LargeRoomPageOptions } from "./large-room-page.ts";
import { VirtualQueue } from "./virtual-queue.ts";
import { VirtualTime } from "./virtual-time.ts";
import { type KeyUse, watchKeys } from "./watch-keys.ts";

/** A gateway's answer takes so long. */
const latencyMs = 15;
/** A post that hangs is given up by the adapter after so long. */
const hangMs = 3_000;
const ackAfterMs = 250;
const gapAfterMs = 200;
/** An ack takes a Lambda 20 ms: at 3,500 a second so many are at it. */
const ackEnvironments = 70;

/** Workers of the redelivery, and looks that each is given at once. */
const checkers = 5;
const checkConcurrency = 10;

export interface LargeRoomOptions {
  /** Where they are. */
  room?: "crowd" | "@all";
  members: number;
  /** Of the fan-out. */
  postsPerSecond?: number;
  workers?: number;
  /** Of the redelivery. */
  resendsPerSecond?: number;
  /** Whether the members ack. */
  acks?: boolean;
  /** Each order of a queue is received by two at once. */
  duplicates?: boolean;
  /** Whether messages that wait for the same way go together. */
  coalesced?: boolean;
  /** Members run our own client. */
  clients?: boolean;
  /** Members of further rooms, which no table holds. */
  more?: (roomId: string, part: Part | undefined, after: string | undefined) => AsyncIterable<Member[]> | undefined;
}
export type Answer = (connectionId: string) => PostOutcome | "hang" | undefined;
type LargeRoom = Awaited<ReturnType<typeof openLargeRoom>>;

export type { LargeRoom };

/** A large room on a clock of its own: real tables and rules, queues, workers, and a gateway that tests can break. */
export async function openLargeRoom(options: LargeRoomOptions) {
  const {
    members,
    room = "crowd",
    postsPerSecond = 4_500,
    resendsPerSecond = 500,
    workers = 5,
    acks = true,
    duplicates = false,
    coalesced = true,
    clients = false,
  } = options;
  const { client: tables, close } = await openInMemoryTables();
  const uses: (KeyUse & { atMs: number })[] = [];
  const client = watchKeys(tables, (use) => void uses.push({ ...use, atMs: time.nowMs }));
  const harness = new Harness(client);
  const time = new VirtualTime(harness.nowMs);
  const posts: { atMs: number; connectionId: string; bytes: number }[] = [];
  const faults: { answer: Answer; diesAtPost: number | undefined; failsAck: () => boolean } = {
    answer: () => undefined,
    diesAtPost: undefined,
    failsAck: () => false,
  };
  const pages = new Map<string, LargeRoomPage>();
  const readers = new Map<string, AckingPage>();
  const ended = new Set<string>();

  // The adapters read the world's clock.
  Object.defineProperty(harness, "nowMs", { get: () => time.nowMs, set: () => {} });
  harness.turn = time.during;
  let seed = 1;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };

  const gateway: Gateway = {
    async post(connectionId, text) {
      posts.push({ atMs: time.nowMs, connectionId, bytes: Buffer.byteLength(text) });
      const answer = faults.answer(connectionId);
      await time.wait(answer === "hang" ? hangMs : latencyMs);
      if (answer === "hang") return "unknown";
      if (answer !== undefined && answer !== "sent") return answer;
      if (ended.has(connectionId)) return "gone";
      receive(connectionId, text);
      return "sent";
    },
    async isOpen(connectionId) {
      await time.wait(latencyMs);
      return !ended.has(connectionId);
    },
  };
  const tasks = new VirtualQueue<FanOutTask>(time, { visibilityMs: 240_000, maxReceiveCount: 10 });
  const checks = new VirtualQueue<AckCheck>(time, { visibilityMs: 180_000, maxReceiveCount: 5 });
  const setAside: FanOutTask[] = [];
  /** How long each look took. */
  const lasted: number[] = [];
  const deps: Deps = {
    ...harness.deps,
    members: {
      ...harness.deps.members,
      first: async (roomId, max) => {
        for await (const page of options.more?.(roomId, undefined, undefined) ?? []) {
          return { members: page.slice(0, max), share: max / 100_000 };
        }
        return harness.deps.members.first(roomId, max);
      },
      pages: (roomId, part, after) =>
        options.more?.(roomId, part, after) ?? harness.deps.members.pages(roomId, part, after),
    },
    gateway,
    now: () => time.nowMs,
    wait: time.wait,
    random,
    fanOut: { postsPerSecond, workers },
    enqueueTasks: async (ordered, afterMs) => {
      for (const task of ordered) tasks.send(task, afterMs);
    },
    scheduleAckCheck: async (check, afterMs) => checks.send(check, afterMs),
  };

  const worker = (): ((task: FanOutTask) => Promise<boolean>) => {
    const deadLetter = async (given: readonly FanOutTask[]) => void setAside.push(...given);
    const limiter = makeRateLimiter(postsPerSecond / workers, { now: deps.now, wait: deps.wait, random });
    // Only by the log does a worker see what waits beside its task.
    const log = coalesced ? deps.log : { ...deps.log, pages: nothing };
    return async (task) => (await runTask(mortal({ ...deps, log, limiter, deadLetter }, faults), task)) === "done";
  };
  tasks.feed(Array.from({ length: workers }, worker), duplicates ? 2 : 1);
  const reportUndelivered = async () => {};
  const checker = () => {
    const limiter = makeRateLimiter(resendsPerSecond / checkers, { now: deps.now, wait: deps.wait, random });
    return Array.from({ length: checkConcurrency }, () => async (check: AckCheck) => {
      const beganMs = time.nowMs;
      await checkRoom({ ...deps, limiter, reportUndelivered }, check);
      lasted.push(time.nowMs - beganMs);
      return true;
    });
  };
  checks.feed(Array.from({ length: checkers }, checker).flat());

  const acking = new Set<AckingPage>();
  function receive(connectionId: string, text: string): void {
    pages.get(connectionId)?.tell(text);
    const reader = readers.get(connectionId);
    if (!reader) return;
    reader.page.receive(connectionId, JSON.parse(text));
    if (!acks || acking.has(reader)) return;
    acking.add(reader);
    void time.wait(gapAfterMs).then(async () => {
      await reader.fill();
      await time.wait(ackAfterMs - gapAfterMs);
      acking.delete(reader);
      await reader.ack();
    });
  }

  const rooms = tableOf(client, "Rooms");
  const connections = tableOf(client, "Connections");
  const { epoch, seq } = await harness.deps.rooms.open(room);
  const everyones = await harness.deps.rooms.open(everyone);
  const seat = async (session: string, connectionId: string) => {
    const place = { connectionId, connectedAtMs: time.nowMs, subject: session, generation: 0 };
    const expiresAt = connectionExpiry(time.nowMs);
    const cursor = acks && { cursor: { epoch, seq } };
    if (room !== everyone) await rooms.put({ ...memberKey(room, session), ...place, expiresAt, ...cursor });
    const more = { grants: { rooms: [], publish: [] }, tokenExpiresAtMs: time.nowMs + 7_200_000, acks };
    const alsoPlace = room === everyone && cursor;
    await connections.put({ ...place, ...more, session, expiresAt, rooms: new Set([room]), ...alsoPlace });
    if (clients) await harness.deps.members.setCursor(everyone, connectionId, connectionId, everyones);
  };
  // As many as are at it at once, each with what it remembers.
  const environments = Array.from({ length: ackEnvironments }, () => ({ ...deps, roomCache: makeRoomCache(10) }));
  let frames = 0;
  const answerOf = (session: string, connectionId: string): LargeRoomPageOptions["answer"] => {
    const claims = { subject: session, grants: { rooms: [], publish: [] }, tokenExpiresAtMs: time.nowMs + 7_200_000 };
    const caller = { connectionId, transport: "websocket" as const, connectedAtMs: time.nowMs, ...claims };
    return async (frame) => {
      frames += 1;
      if (frame.action === "replay") return replay(deps, caller, frame);
      if (faults.failsAck()) return refused("5001", "server trouble, try again");
      return ack(environments[frames % ackEnvironments] ?? deps, caller, { ...frame, session });
    };
  };
  for (let i = 0; i < members; i += 1) {
    const connectionId = `c-${i}`;
    const session = room === everyone ? connectionId : `s-${i}`;
    await seat(session, connectionId);
    if (clients) {
      const rooms = [
        { roomId: room, epoch, seq },
        { ...everyones, roomId: everyone },
      ];
      const page = new LargeRoomPage({ time, random, rooms, answer: answerOf(session, connectionId) });
      pages.set(connectionId, page);
      await page.enter();
      continue;
    }
    const reader = new AckingPage(harness, { subject: session, acks });
    Object.assign(reader.page, { session, connectionId, line: "open" });
    harness.pages.set(connectionId, reader.page);
    reader.hear({
      ...{ type: "loggedIn", eventName: "loginRoomResp", data: { code: "2002", msg: "" } },
      ...{ roomId: room, generation: 0, epoch, seq },
    });
    readers.set(connectionId, reader);
  }

  return {
    ...{ room, time, posts, uses, faults, readers, pages, ended, tasks, checks, lasted, setAside, harness, deps, seat },
    push: (rawData: string, more: Partial<PushRequest> = {}) =>
      push(deps, { rooms: [room], eventName: "test", rawData, qos: 1, ...more }),
    rowsOf: { room: () => rows(harness, room), connection: (id: string) => connections.get({ connectionId: id }) },
    close,
  };
}

async function* nothing(): AsyncGenerator<never> {}

async function rows(harness: Harness, room: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const page of harness.deps.members.pages(room)) {
    for (const { session, connectionId } of page) found.set(session, connectionId);
  }
  return found;
}

/** A worker that dies at the n-th post of all: nothing that it would have done then happens. */
function mortal(deps: FanOutDeps, faults: { diesAtPost: number | undefined }): FanOutDeps {
  let isDead = false;
  const never = () => new Promise<never>(() => {});
  const orNever =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      isDead ? never() : call(...args);
  const post: Gateway["post"] = (connectionId, text) => {
    if (faults.diesAtPost !== undefined) faults.diesAtPost -= 1;
    if (faults.diesAtPost === 0) isDead = true;
    return isDead ? never() : deps.gateway.post(connectionId, text);
  };
  return {
    ...deps,
    gateway: { ...deps.gateway, post },
    wait: orNever(deps.wait),
    enqueueTasks: orNever(deps.enqueueTasks),
    deadLetter: orNever(deps.deadLetter),
    tasks: { acquire: orNever(deps.tasks.acquire), record: orNever(deps.tasks.record) },
    limiter: { ...deps.limiter, acquire: orNever(deps.limiter.acquire) },
  };
}

/** The most of these in any second. */
export function busiestSecond(posts: readonly { atMs: number }[]): number {
  let from = 0;
  let max = 0;
  for (const [i, { atMs }] of posts.entries()) {
    while ((posts[from]?.atMs ?? 0) <= atMs - 1_000) from += 1;
    max = Math.max(max, i - from + 1);
  }
  return max;
}
