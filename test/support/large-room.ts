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
import { push } from "../../lambdas/domain/push/push.ts";
import { runAckCheck } from "../../lambdas/domain/redelivery/run-ack-check.ts";
import { makeRateLimiter } from "../../lambdas/domain/send/rate-limiter.ts";
import { everyone } from "../../protocol/ids.ts";
import { refused } from "../../protocol/parse-frame.ts";
import type { PushRequest } from "../../protocol/push.ts";
import { AckingPage } from "./acking-page.ts";
import { Harness } from "./harness.ts";
import { openInMemoryTables } from "./in-memory-tables.ts";
import { LargeRoomPage, type LargeRoomPageOptions } from "./large-room-page.ts";
import { VirtualQueue } from "./virtual-queue.ts";
import { VirtualTime } from "./virtual-time.ts";
import { type KeyUse, watchKeys } from "./watch-keys.ts";

/** Duration of a post. */
const latencyMs = 15;
/** The adapter's timeout: a post that hangs ends after it. */
const hangMs = 3_000;
/** A page acknowledges this long after a message. */
const ackAfterMs = 250;
/** A page requests missing messages this long after a message. */
const fillAfterMs = 200;
/** Lambda environments that handle acks: 3,500 a second, each for 20 ms. */
const ackEnvironments = 70;

/** Lambda environments of redelivery, and the ack checks that each runs at a time. */
const checkers = 5;
const checkConcurrency = 10;

export interface LargeRoomOptions {
  /** The room that the members are in. Default: `large-room`. */
  room?: "large-room" | "@all";
  members: number;
  /** Rate of the fan-out, all workers together. Default: 4,500. */
  postsPerSecond?: number;
  /** Workers of the fan-out. Default: 5. */
  workers?: number;
  /** Rate of redelivery, all environments together. Default: 500. */
  resendsPerSecond?: number;
  /** Whether the members ack. Default: true. */
  acks?: boolean;
  /** Whether two workers receive each fan-out task at the same time. Default: false. */
  duplicates?: boolean;
  /** Whether workers coalesce messages. Default: true. */
  coalesced?: boolean;
  /** Whether the members run the real client instead of acking pages. Default: false. */
  clients?: boolean;
  /** Members of further rooms, which are in no table. */
  more?: (roomId: string, part: Part | undefined, after: string | undefined) => AsyncIterable<Member[]> | undefined;
}
/** Outcome of a post to this connection; `undefined`: it arrives if the connection is open. */
export type Answer = (connectionId: string) => PostOutcome | "hang" | undefined;
export type LargeRoom = Awaited<ReturnType<typeof openLargeRoom>>;

/**
 * Opens a simulated large room on virtual time: the domain with in-memory tables, queues, workers, and a gateway that
 * tests can break.
 */
export async function openLargeRoom(options: LargeRoomOptions) {
  const {
    members,
    room = "large-room",
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
  const clientPages = new Map<string, LargeRoomPage>();
  const ackingPages = new Map<string, AckingPage>();
  const ended = new Set<string>();

  // The adapters of the harness read virtual time.
  Object.defineProperty(harness, "nowMs", { get: () => time.nowMs, set: () => {} });
  harness.aroundCall = time.during;
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
  const deadLettered: FanOutTask[] = [];
  const ackCheckDurationsMs: number[] = [];
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
    enqueueTasks: async (enqueued, afterMs) => {
      for (const task of enqueued) tasks.send(task, afterMs);
    },
    scheduleAckCheck: async (check, afterMs) => checks.send(check, afterMs),
  };

  const worker = (): ((task: FanOutTask) => Promise<boolean>) => {
    const deadLetter = async (given: readonly FanOutTask[]) => void deadLettered.push(...given);
    const limiter = makeRateLimiter(postsPerSecond / workers, { now: deps.now, wait: deps.wait, random });
    // A worker finds the messages to coalesce in the log.
    const log = coalesced ? deps.log : { ...deps.log, pages: noPages };
    return async (task) => (await runTask(withCrash({ ...deps, log, limiter, deadLetter }, faults), task)) === "done";
  };
  tasks.startWorkers(Array.from({ length: workers }, worker), duplicates ? 2 : 1);
  const reportUndelivered = async () => {};
  const checker = () => {
    const limiter = makeRateLimiter(resendsPerSecond / checkers, { now: deps.now, wait: deps.wait, random });
    return Array.from({ length: checkConcurrency }, () => async (check: AckCheck) => {
      const startMs = time.nowMs;
      await runAckCheck({ ...deps, limiter, reportUndelivered }, check);
      ackCheckDurationsMs.push(time.nowMs - startMs);
      return true;
    });
  };
  checks.startWorkers(Array.from({ length: checkers }, checker).flat());

  /** Pages that will send an ack soon. */
  const willAck = new Set<AckingPage>();
  function receive(connectionId: string, text: string): void {
    clientPages.get(connectionId)?.receive(text);
    const ackingPage = ackingPages.get(connectionId);
    if (!ackingPage) return;
    ackingPage.page.receive(connectionId, JSON.parse(text));
    if (!acks || willAck.has(ackingPage)) return;
    willAck.add(ackingPage);
    void time.wait(fillAfterMs).then(async () => {
      await ackingPage.fill();
      await time.wait(ackAfterMs - fillAfterMs);
      willAck.delete(ackingPage);
      await ackingPage.ack();
    });
  }

  const rooms = tableOf(client, "Rooms");
  const connections = tableOf(client, "Connections");
  const { epoch, seq } = await harness.deps.rooms.open(room);
  const positionOfAll = await harness.deps.rooms.open(everyone);
  const addMember = async (session: string, connectionId: string) => {
    const membership = { connectionId, connectedAtMs: time.nowMs, subject: session, generation: 0 };
    const expiresAt = connectionExpiry(time.nowMs);
    const cursor = acks && { cursor: { epoch, seq } };
    if (room !== everyone) await rooms.put({ ...memberKey(room, session), ...membership, expiresAt, ...cursor });
    const more = { grants: { rooms: [], publish: [] }, tokenExpiresAtMs: time.nowMs + 7_200_000, acks };
    const cursorOfAll = room === everyone && cursor;
    await connections.put({ ...membership, ...more, session, expiresAt, rooms: new Set([room]), ...cursorOfAll });
    if (clients) await harness.deps.members.setCursor(everyone, connectionId, connectionId, positionOfAll);
  };
  // Each environment has a room cache of its own.
  const environments = Array.from({ length: ackEnvironments }, () => ({ ...deps, roomCache: makeRoomCache(10) }));
  let frames = 0;
  const replyOf = (session: string, connectionId: string): LargeRoomPageOptions["reply"] => {
    const claims = { subject: session, grants: { rooms: [], publish: [] }, tokenExpiresAtMs: time.nowMs + 7_200_000 };
    const caller = { connectionId, connectedAtMs: time.nowMs, ...claims };
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
    await addMember(session, connectionId);
    if (clients) {
      const rooms = [
        { roomId: room, epoch, seq },
        { ...positionOfAll, roomId: everyone },
      ];
      const page = new LargeRoomPage({ time, random, rooms, reply: replyOf(session, connectionId) });
      clientPages.set(connectionId, page);
      await page.connect();
      continue;
    }
    const ackingPage = new AckingPage(harness, { subject: session, acks });
    Object.assign(ackingPage.page, { session, connectionId, connectionState: "open" });
    harness.pages.set(connectionId, ackingPage.page);
    ackingPage.onFrame({
      ...{ type: "loggedIn", eventName: "loginRoomResp", data: { code: "2002", msg: "" } },
      ...{ roomId: room, generation: 0, epoch, seq },
    });
    ackingPages.set(connectionId, ackingPage);
  }

  return {
    ...{ room, time, posts, uses, faults, ackingPages, clientPages, ended, tasks, checks, ackCheckDurationsMs },
    ...{ deadLettered, harness, deps, addMember },
    push: (rawData: string, more: Partial<PushRequest> = {}) =>
      push(deps, { rooms: [room], eventName: "test", rawData, qos: 1, ...more }),
    rowsOf: {
      room: () => connectionIdsBySession(harness, room),
      connection: (id: string) => connections.get({ connectionId: id }),
    },
    close,
  };
}

async function* noPages(): AsyncGenerator<never> {}

async function connectionIdsBySession(harness: Harness, room: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const page of harness.deps.members.pages(room)) {
    for (const { session, connectionId } of page) found.set(session, connectionId);
  }
  return found;
}

/** Deps of a worker that dies at the n-th post of all workers: none of its later calls returns. */
function withCrash(deps: FanOutDeps, faults: { diesAtPost: number | undefined }): FanOutDeps {
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

/** The maximum number of posts within any second. */
export function busiestSecond(posts: readonly { atMs: number }[]): number {
  let from = 0;
  let max = 0;
  for (const [i, { atMs }] of posts.entries()) {
    while ((posts[from]?.atMs ?? 0) <= atMs - 1_000) from += 1;
    max = Math.max(max, i - from + 1);
  }
  return max;
}
