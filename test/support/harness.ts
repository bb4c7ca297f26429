import { hash } from "node:crypto";
import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { connectionsIn } from "../../lambdas/adapters/dynamodb/connections.ts";
import { membersIn } from "../../lambdas/adapters/dynamodb/members.ts";
import { logIn } from "../../lambdas/adapters/dynamodb/messages.ts";
import { pushesIn } from "../../lambdas/adapters/dynamodb/pushes.ts";
import { resumePointsIn } from "../../lambdas/adapters/dynamodb/resume-points.ts";
import { roomsIn } from "../../lambdas/adapters/dynamodb/rooms.ts";
import { type Table, tableOf } from "../../lambdas/adapters/dynamodb/table.ts";
import { tasksIn } from "../../lambdas/adapters/dynamodb/tasks.ts";
import { unackedRangesIn } from "../../lambdas/adapters/dynamodb/unacked-ranges.ts";
import { makeRoomCache } from "../../lambdas/domain/delivery/room-cache.ts";
import { type FanOutDeps, runTask } from "../../lambdas/domain/fan-out/run-task.ts";
import { hello } from "../../lambdas/domain/login/hello.ts";
import { loginRoom } from "../../lambdas/domain/login/login.ts";
import { connect, disconnect, here } from "../../lambdas/domain/membership/connection.ts";
import { leaveRoom } from "../../lambdas/domain/membership/leave.ts";
import type { AckCheck } from "../../lambdas/domain/model/ack-check.ts";
import type { Caller } from "../../lambdas/domain/model/connection.ts";
import type { Deps } from "../../lambdas/domain/model/deps.ts";
import type { FanOutTask } from "../../lambdas/domain/model/fan-out-task.ts";
import type { PostOutcome } from "../../lambdas/domain/model/gateway.ts";
import type { Undelivered } from "../../lambdas/domain/model/undelivered.ts";
import { push } from "../../lambdas/domain/push/push.ts";
import type { AckCheckDeps } from "../../lambdas/domain/redelivery/check-room.ts";
import { runAckCheck } from "../../lambdas/domain/redelivery/run-ack-check.ts";
import { unlimited } from "../../lambdas/domain/send/rate-limiter.ts";
import { serializeFrame } from "../../lambdas/domain/wire/serialize.ts";
import type { CatchUp, LoginFrame, PayloadLink, Position, RoomToRestore, ServerFrame } from "../../protocol/frames.ts";
import type { LoginPolicy } from "../../protocol/ids.ts";
import type { PushRequest } from "../../protocol/push.ts";
import { openInMemoryTables } from "./in-memory-tables.ts";

/** `stale`: its network is gone, but API Gateway still reports it as open. */
type ConnectionState = "open" | "closed" | "stale";
/** Makes a call of the domain to a table, the gateway or a queue: now, later, or not at all. */
export type AroundCall = <T>(call: () => Promise<T>) => Promise<T>;

/** Visibility timeout of the fan-out queue. */
export const visibilityMs = 240_000;
// One counter for all harnesses of a file, because they share the tables.
let ids = 0;

/**
 * The domain with in-memory adapters: DynamoDB tables that evaluate real expressions, a gateway whose connections tests
 * can break, and queues. The clock stands still unless a test moves it.
 */
export class Harness {
  nowMs = 1_700_000_000_000;
  readonly deps: Deps;
  /** The same tables for assertions: these calls do not go through `aroundCall`. */
  readonly unwatched: Pick<Deps, "rooms" | "members">;
  /** Pages by connection id. */
  readonly pages = new Map<string, Page>();
  /** Posts to these connections end with this outcome and do not arrive. */
  readonly outcomes = new Map<string, PostOutcome>();
  /** Posts to these connections are answered 200 and do not arrive. */
  readonly lost = new Set<string>();
  /** Scheduled ack checks that have not run yet. */
  readonly checks: { check: AckCheck; atMs: number }[] = [];
  /** Enqueued fan-out tasks that have not run yet. */
  readonly tasks: { task: FanOutTask; atMs: number }[] = [];
  readonly deadLetters: FanOutTask[] = [];
  readonly undelivered: Undelivered[] = [];
  /** Stored payloads by their SHA-256. */
  readonly payloads = new Map<string, string>();
  /** Errors that were logged and did not change the reply. */
  readonly loggedErrors: unknown[] = [];

  /** Every call of the domain to a table, the gateway or a queue goes through this function. */
  aroundCall: AroundCall;

  constructor(client: Pick<DynamoDBClient, "send">, aroundCall: AroundCall = (call) => call()) {
    this.aroundCall = aroundCall;
    const around: AroundCall = (call) => this.aroundCall(call);
    const now = () => this.nowMs;
    const newId = () => `id-${this.nextId()}`;
    const watched = (table: Table) => watch(table, around);
    const connections = watched(tableOf(client, "Connections"));
    const rooms = watched(tableOf(client, "Rooms"));
    const plainRooms = tableOf(client, "Rooms");
    this.unwatched = { rooms: roomsIn(plainRooms, now, newId), members: membersIn(plainRooms, connections, now) };
    this.deps = {
      connections: connectionsIn(connections, now),
      rooms: roomsIn(rooms, now, newId),
      members: membersIn(rooms, connections, now),
      resumePoints: resumePointsIn(rooms, now),
      unackedRanges: unackedRangesIn(rooms, now),
      log: logIn(watched(tableOf(client, "Messages")), now, 86_400_000),
      payloads: {
        put: (rawData) =>
          around(async () => {
            const sha256 = hash("sha256", rawData);
            this.payloads.set(sha256, rawData);
            return { sha256, bytes: Buffer.byteLength(rawData) };
          }),
        urlOf: ({ sha256 }) => `https://payloads.example/${sha256}?at=${this.nowMs}`,
      },
      pushes: pushesIn(rooms, now),
      tasks: tasksIn(rooms, now),
      enqueueTasks: (tasks, afterMs = 0) =>
        around(async () => {
          this.tasks.push(...tasks.map((task) => ({ task, atMs: this.nowMs + afterMs })));
        }),
      fanOut: { postsPerSecond: 5_000, workers: 5 },
      scheduleAckCheck: (check, afterMs) =>
        around(async () => {
          this.checks.push({ check, atMs: this.nowMs + afterMs });
        }),
      redeliverAfterMs: 5_000,
      roomCache: makeRoomCache(500),
      logError: (_, error) => void this.loggedErrors.push(error),
      gateway: {
        post: (connectionId, text) => around(() => this.post(connectionId, JSON.parse(text))),
        isOpen: (connectionId) => around(async () => this.stateOf(connectionId) !== "closed"),
      },
      now,
      wait: async (ms) => {
        this.nowMs += ms;
      },
      // Attempts follow one another without a pause.
      random: () => 0,
      newId,
    };
  }

  /** Opens a connection for a new page, by default of a new user. */
  async connect(options: PageOptions = {}): Promise<Page> {
    const page = this.page(options);
    await page.open();
    return page;
  }

  /** Runs the work with all of its calls going through another function, and restores the former one. */
  async withAroundCall<T>(aroundCall: AroundCall, work: () => Promise<T>): Promise<T> {
    const former = this.aroundCall;
    this.aroundCall = aroundCall;
    try {
      return await work();
    } finally {
      this.aroundCall = former;
    }
  }

  /** Creates a page that has not opened its connection yet. */
  page = (options: PageOptions = {}): Page => new Page(this, options);

  push(roomId: string, rawData = "1", more: Partial<PushRequest> = {}) {
    return push(this.deps, { rooms: [roomId], eventName: "test", rawData, qos: 1, ...more });
  }

  /** Moves the clock, and runs the ack checks and fan-out tasks that become due. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (let next = this.takeNextDue(untilMs); next; next = this.takeNextDue(untilMs)) {
      this.nowMs = Math.max(this.nowMs, next.atMs);
      if ("check" in next) await runAckCheck(this.ackCheckDeps, next.check);
      else await this.work(next.task);
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** Downloads a payload, as a page does. @throws Error if there is no such payload */
  fetch({ url }: PayloadLink): unknown {
    const rawData = this.payloads.get(new URL(url).pathname.slice(1));
    if (rawData === undefined) throw new Error("there is no such payload");
    return JSON.parse(rawData);
  }

  /** Runs a task in a worker. If another worker holds its lease, the queue shows it again after `visibilityMs`. */
  async work(task: FanOutTask): Promise<void> {
    const result = await runTask(this.fanOutDeps, task);
    if (result === "taken") this.tasks.push({ task, atMs: this.nowMs + visibilityMs });
  }

  get ackCheckDeps(): AckCheckDeps {
    const reportUndelivered = async (undelivered: Undelivered[]) => void this.undelivered.push(...undelivered);
    return { ...this.deps, limiter: unlimited, reportUndelivered };
  }

  get fanOutDeps(): FanOutDeps {
    const deadLetter = async (tasks: readonly FanOutTask[]) => void this.deadLetters.push(...tasks);
    return { ...this.deps, limiter: unlimited, deadLetter };
  }

  private takeNextDue(untilMs: number) {
    const items = [...this.checks, ...this.tasks].filter(({ atMs }) => atMs <= untilMs);
    const due = items.sort((a, b) => a.atMs - b.atMs)[0];
    if (due && "check" in due) this.checks.splice(this.checks.indexOf(due), 1);
    if (due && "task" in due) this.tasks.splice(this.tasks.indexOf(due), 1);
    return due;
  }

  nextId = () => {
    ids += 1;
    return `${ids}`;
  };

  private stateOf = (connectionId: string): ConnectionState =>
    this.pages.get(connectionId)?.connectionState ?? "closed";

  private async post(connectionId: string, frame: ServerFrame): Promise<PostOutcome> {
    // API Gateway rejects such an id, and the adapter throws.
    if (connectionId.startsWith("poll:")) throw new Error("a polling member has no connection to post to");
    if (this.lost.has(connectionId)) return "sent";
    const forced = this.outcomes.get(connectionId);
    if (forced) return forced;
    const state = this.stateOf(connectionId);
    if (state === "closed") return "gone";
    if (state === "open") this.pages.get(connectionId)?.receive(connectionId, frame);
    return "sent";
  }
}

const watch = (table: Table, around: AroundCall): Table => ({
  get: (...args) => around(() => table.get(...args)),
  put: (...args) => around(() => table.put(...args)),
  update: (...args) => around(() => table.update(...args)),
  remove: (...args) => around(() => table.remove(...args)),
  page: (...args) => around(() => table.page(...args)),
  async *pages(...args) {
    const pages = table.pages(...args);
    for (let next = await around(() => pages.next()); !next.done; next = await around(() => pages.next()))
      yield next.value;
  },
});

export interface PageOptions {
  /** Default: a new one. */
  subject?: string;
  /** Whether the page answers probes. Default: true. */
  probe?: boolean;
  /** Patterns of rooms that the token grants. Default: all. */
  rooms?: string[];
  /** Patterns of rooms that the page may publish to. Default: none. */
  publish?: string[];
  /** Whether the page acks. Default: false. */
  acks?: boolean;
}

/** Follows the messages of a page's rooms. */
export interface FrameListener {
  /** Position up to which it has a room's messages. */
  since(roomId: string): Position | undefined;
  onFrame(frame: ServerFrame): void;
}

/** A frame as it is on the wire. */
export const wireOf = <F extends ServerFrame>(frame: F): F => JSON.parse(serializeFrame(frame));

/** A page that keeps its session across reconnects, and its memberships, as the client does. */
export class Page {
  connectionState: ConnectionState = "closed";
  connectionId = "";
  session = "";
  readonly inbox: ServerFrame[] = [];
  /** Answers to probes that are on their way. */
  readonly answers: Promise<void>[] = [];
  readonly subject: string;
  listener?: FrameListener;
  private readonly harness: Harness;
  private readonly options: PageOptions;
  /** By room: the generation and policy of the newest login. */
  readonly memberships = new Map<string, { generation: number; type: LoginPolicy }>();
  /** By room: the newest generation that evicted the page. */
  readonly evictedBy = new Map<string, number>();

  constructor(harness: Harness, options: PageOptions) {
    this.harness = harness;
    this.options = options;
    this.subject = options.subject ?? `subject-${harness.nextId()}`;
  }

  get caller(): Caller {
    return {
      connectionId: this.connectionId,
      connectedAtMs: this.harness.nowMs,
      requestedAtMs: this.harness.nowMs,
      ...this.claims,
    };
  }

  /** Claims of the page's token. */
  get claims(): Pick<Caller, "subject" | "grants" | "tokenExpiresAtMs"> {
    const { rooms = ["*"], publish = [] } = this.options;
    return { subject: this.subject, grants: { rooms, publish }, tokenExpiresAtMs: this.harness.nowMs + 3_600_000 };
  }

  /** Opens the first or a new connection. A new one restores the memberships. */
  async open(): Promise<void> {
    this.connectionId = `connection-${this.harness.nextId()}`;
    this.harness.nowMs += 1;
    const { caller } = this;
    await connect(this.harness.deps, caller);
    this.harness.pages.set(this.connectionId, this);
    this.connectionState = "open";
    const ownRooms = ["@all", "@user"].filter((roomId) => this.listener?.since(roomId));
    const rooms: RoomToRestore[] = [
      ...[...this.memberships].map(([roomId, was]) => ({ roomId, ...was, ...this.catchUpOf(roomId) })),
      ...ownRooms.map((roomId) => ({ roomId, ...this.catchUpOf(roomId) })),
    ];
    const reply = await hello(this.harness.deps, caller, {
      action: "hello",
      probe: this.options.probe ?? true,
      acks: this.options.acks ?? false,
      rooms,
      ...(this.session && { session: this.session }),
    });
    // While hello was on its way, the connection may have closed, or another one opened.
    if (caller.connectionId !== this.connectionId || this.connectionState !== "open") return;
    if (reply.type !== "connected") throw new Error(`hello was answered by ${JSON.stringify(reply)}`);
    this.session = reply.session;
    this.listener?.onFrame(wireOf(reply));
    for (const room of reply.rooms)
      this.applyLogin(room, this.memberships.get(room.roomId ?? "")?.type ?? "loginWhenFirst");
  }

  async login(
    roomId: string,
    type: LoginPolicy = "loginWhenFirst",
    catchUp: CatchUp = this.catchUpOf(roomId),
  ): Promise<LoginFrame> {
    const { connectionId } = this;
    const reply = wireOf(await loginRoom(this.harness.deps, this.caller, { roomId, type, ...catchUp }));
    if (connectionId === this.connectionId) this.applyLogin(reply, type);
    if (connectionId === this.connectionId && this.connectionState === "open") this.listener?.onFrame(reply);
    return reply;
  }

  private catchUpOf(roomId: string): CatchUp {
    const since = this.listener?.since(roomId);
    return since ? { since } : {};
  }

  async leave(roomId: string): Promise<void> {
    this.memberships.delete(roomId);
    await leaveRoom(this.harness.deps, this.caller, { action: "leaveRoom", roomId });
  }

  /** Closes the connection. `isReported`: whether API Gateway runs `$disconnect`. */
  async close({ isReported = true } = {}): Promise<void> {
    const ended = this.connectionId;
    this.connectionState = "closed";
    if (isReported) await disconnect(this.harness.deps, ended);
  }

  /** The network is gone, and API Gateway has not noticed. */
  goStale(): void {
    this.connectionState = "stale";
  }

  receive(connectionId: string, frame: ServerFrame): void {
    if (connectionId !== this.connectionId) return;
    this.inbox.push(frame);
    this.listener?.onFrame(frame);
    if (frame.type === "evicted") this.applyLogin(frame, "loginWhenFirst");
    if (frame.type !== "probe") return;
    // The post of the probe does not wait for the answer.
    this.answers.push(here(this.harness.deps, this.caller, { action: "here", nonce: frame.nonce }));
  }

  isIn(roomId: string): boolean {
    return this.memberships.has(roomId);
  }

  codes(roomId: string): string[] {
    return this.inbox.flatMap((frame) =>
      frame.type === "evicted" && frame.roomId === roomId ? [frame.data.code] : [],
    );
  }

  messages(): unknown[] {
    return this.inbox.flatMap((frame) => (frame.type === "message" ? [frame.data] : []));
  }

  private applyLogin(frame: LoginFrame, type: LoginPolicy): void {
    const roomId = frame.roomId ?? "";
    if (frame.type === "loggedIn") {
      if (frame.generation >= (this.evictedBy.get(roomId) ?? 0)) {
        this.memberships.set(roomId, { generation: frame.generation, type });
      }
      return;
    }
    if (frame.type === "loginFailed") {
      this.memberships.delete(roomId);
      return;
    }
    this.evictedBy.set(roomId, Math.max(frame.generation, this.evictedBy.get(roomId) ?? 0));
    if ((this.memberships.get(roomId)?.generation ?? 0) < frame.generation) this.memberships.delete(roomId);
  }
}

/** Opens a harness with its own tables, which `end` closes. */
export async function openHarness(): Promise<Harness & { client: Pick<DynamoDBClient, "send">; end(): Promise<void> }> {
  const { client, close } = await openInMemoryTables();
  return Object.assign(new Harness(client), { client, end: close });
}
