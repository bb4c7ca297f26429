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
import { type PushRequest, push } from "../../lambdas/domain/push/push.ts";
import { type AckCheckDeps, checkRoom } from "../../lambdas/domain/redelivery/check-room.ts";
import { unlimited } from "../../lambdas/domain/send/rate-limiter.ts";
import { serializeFrame } from "../../lambdas/domain/wire/serialize.ts";
import type { CatchUp, LoginFrame, PayloadLink, Position, RoomToRestore, ServerFrame } from "../../protocol/frames.ts";
import type { LoginPolicy } from "../../protocol/ids.ts";
import { openInMemoryTables } from "./in-memory-tables.ts";

type Line = "open" | "closed" | "halfOpen";
/** Decides when a call to a table or to the gateway is made. */
export type Turn = <T>(work: () => Promise<T>) => Promise<T>;

/** How long the fan-out queue hides a task that somebody has received. */
export const visibilityMs = 240_000;
// Of all worlds of a file: they share the tables.
let ids = 0;

/** The domain over real tables, with a gateway of connections that tests can break. Time stands still unless moved. */
export class Harness {
  nowMs = 1_700_000_000_000;
  readonly deps: Deps;
  /** The same tables, looked at without being watched. */
  readonly unwatched: Pick<Deps, "rooms" | "members">;
  readonly pages = new Map<string, Page>();
  /** Connections whose posts end in this way instead of arriving. */
  readonly outcomes = new Map<string, PostOutcome>();
  /** Connections whose posts are answered 200 and never arrive. */
  readonly lost = new Set<string>();
  /** Ordered looks that are still to come. */
  readonly checks: { check: AckCheck; atMs: number }[] = [];
  /** Ordered fan-out tasks that are still to come. */
  readonly tasks: { task: FanOutTask; atMs: number }[] = [];
  /** Tasks that were put aside. */
  readonly deadLetters: FanOutTask[] = [];
  readonly undelivered: Undelivered[] = [];
  /** What is kept apart, by its hash. */
  readonly payloads = new Map<string, string>();
  /** What went wrong behind answers that are right. */
  readonly loggedErrors: unknown[] = [];

  /** Every call of the domain to a table, the gateway or the queue goes through here. */
  turn: Turn;

  constructor(client: Pick<DynamoDBClient, "send">, first: Turn = (work) => work()) {
    this.turn = first;
    const turn: Turn = (work) => this.turn(work);
    const now = () => this.nowMs;
    const newId = () => `id-${this.nextId()}`;
    const watched = (table: Table) => inTurn(table, turn);
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
          turn(async () => {
            const sha256 = hash("sha256", rawData);
            this.payloads.set(sha256, rawData);
            return { sha256, bytes: Buffer.byteLength(rawData) };
          }),
        urlOf: ({ sha256 }) => `https://payloads.example/${sha256}?at=${this.nowMs}`,
      },
      pushes: pushesIn(rooms, now),
      tasks: tasksIn(rooms, now),
      enqueueTasks: (tasks, afterMs = 0) =>
        turn(async () => {
          this.tasks.push(...tasks.map((task) => ({ task, atMs: this.nowMs + afterMs })));
        }),
      fanOut: { postsPerSecond: 5_000, workers: 5 },
      scheduleAckCheck: (check, afterMs) =>
        turn(async () => {
          this.checks.push({ check, atMs: this.nowMs + afterMs });
        }),
      redeliverAfterMs: 5_000,
      roomCache: makeRoomCache(500),
      logError: (_, error) => void this.loggedErrors.push(error),
      gateway: {
        post: (connectionId, text) => turn(() => this.post(connectionId, JSON.parse(text))),
        isOpen: (connectionId) => turn(async () => this.lineOf(connectionId) !== "closed"),
      },
      now,
      wait: async (ms) => {
        this.nowMs += ms;
      },
      // No pause before another attempt: time stands still.
      random: () => 0,
      newId,
    };
  }

  /** Opens a connection for a page; without `subject` it is somebody new. */
  async connect(options: PageOptions = {}): Promise<Page> {
    const page = this.page(options);
    await page.open();
    return page;
  }

  /** A page that has not opened its connection yet. */
  page = (options: PageOptions = {}): Page => new Page(this, options);

  push(roomId: string, rawData = "1", more: Partial<PushRequest> = {}) {
    return push(this.deps, { rooms: [roomId], eventName: "test", rawData, qos: 1, ...more });
  }

  /** Lets time pass, and does what was ordered for it: looks and fan-out tasks. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.nowMs + ms;
    for (let next = this.nextOrder(untilMs); next; next = this.nextOrder(untilMs)) {
      this.nowMs = Math.max(this.nowMs, next.atMs);
      if ("check" in next) await checkRoom(this.ackCheckDeps, next.check);
      else await this.work(next.task);
    }
    this.nowMs = Math.max(this.nowMs, untilMs);
  }

  /** What a page finds at a payload's address. */
  fetch({ url }: PayloadLink): unknown {
    const rawData = this.payloads.get(new URL(url).pathname.slice(1));
    if (rawData === undefined) throw new Error("there is no such payload");
    return JSON.parse(rawData);
  }

  /** A fan-out worker gets a task; one that somebody else is at comes back when the queue shows it again. */
  async work(task: FanOutTask): Promise<void> {
    const came = await runTask(this.fanOutDeps, task);
    if (came === "taken") this.tasks.push({ task, atMs: this.nowMs + visibilityMs });
  }

  get ackCheckDeps(): AckCheckDeps {
    const reportUndelivered = async (undelivered: Undelivered[]) => void this.undelivered.push(...undelivered);
    return { ...this.deps, limiter: unlimited, reportUndelivered };
  }

  get fanOutDeps(): FanOutDeps {
    const deadLetter = async (tasks: readonly FanOutTask[]) => void this.deadLetters.push(...tasks);
    return { ...this.deps, limiter: unlimited, deadLetter };
  }

  private nextOrder(untilMs: number) {
    const orders = [...this.checks, ...this.tasks].filter(({ atMs }) => atMs <= untilMs);
    const due = orders.sort((a, b) => a.atMs - b.atMs)[0];
    if (due && "check" in due) this.checks.splice(this.checks.indexOf(due), 1);
    if (due && "task" in due) this.tasks.splice(this.tasks.indexOf(due), 1);
    return due;
  }

  nextId = () => {
    ids += 1;
    return `${ids}`;
  };

  private lineOf = (connectionId: string): Line => this.pages.get(connectionId)?.line ?? "closed";

  private async post(connectionId: string, frame: ServerFrame): Promise<PostOutcome> {
    // API Gateway refuses what cannot be a connection's id; the adapter throws that.
    if (connectionId.startsWith("poll:")) throw new Error("a poller has no connection to post to");
    if (this.lost.has(connectionId)) return "sent";
    const forced = this.outcomes.get(connectionId);
    if (forced) return forced;
    const line = this.lineOf(connectionId);
    if (line === "closed") return "gone";
    if (line === "open") this.pages.get(connectionId)?.receive(connectionId, frame);
    return "sent";
  }
}

const inTurn = (table: Table, turn: Turn): Table => ({
  get: (...args) => turn(() => table.get(...args)),
  put: (...args) => turn(() => table.put(...args)),
  update: (...args) => turn(() => table.update(...args)),
  remove: (...args) => turn(() => table.remove(...args)),
  page: (...args) => turn(() => table.page(...args)),
  async *pages(...args) {
    const pages = table.pages(...args);
    for (let next = await turn(() => pages.next()); !next.done; next = await turn(() => pages.next())) yield next.value;
  },
});

export interface PageOptions {
  subject?: string;
  rooms?: string[];
  /** Whether the page answers probes. */
  probe?: boolean;
  /** Patterns of rooms that the page may publish to. */
  publish?: string[];
  /** Whether the page acks. */
  acks?: boolean;
}

export interface Listener {
  /** Where the stream of a room stopped. */
  since(roomId: string): Position | undefined;
  hear(frame: ServerFrame): void;
}

/** A frame as it is on the wire. */
export const wireOf = <F extends ServerFrame>(frame: F): F => JSON.parse(serializeFrame(frame));

/** A page: it keeps its session over reconnects and knows in which rooms it is, as a client does. */
export class Page {
  line: Line = "closed";
  connectionId = "";
  session = "";
  readonly inbox: ServerFrame[] = [];
  readonly answers: Promise<void>[] = [];
  readonly subject: string;
  /** Follows the streams of the page's rooms. */
  listener?: Listener;
  private readonly harness: Harness;
  private readonly options: PageOptions;
  /** Newest generations heard of, by room: logged in with, and evicted by. */
  readonly inSince = new Map<string, { generation: number; type: LoginPolicy }>();
  readonly evictedBy = new Map<string, number>();

  constructor(harness: Harness, options: PageOptions) {
    this.harness = harness;
    this.options = options;
    this.subject = options.subject ?? `subject-${harness.nextId()}`;
  }

  get caller(): Caller {
    return {
      connectionId: this.connectionId,
      transport: "websocket",
      connectedAtMs: this.harness.nowMs,
      requestedAtMs: this.harness.nowMs,
      ...this.claims,
    };
  }

  /** What its token says. */
  get claims(): Pick<Caller, "subject" | "grants" | "tokenExpiresAtMs"> {
    const { rooms = ["*"], publish = [] } = this.options;
    return { subject: this.subject, grants: { rooms, publish }, tokenExpiresAtMs: this.harness.nowMs + 3_600_000 };
  }

  /** A first or a new connection; a new one restores what the page had. */
  async open(): Promise<void> {
    this.connectionId = `connection-${this.harness.nextId()}`;
    this.harness.nowMs += 1;
    const { caller } = this;
    await connect(this.harness.deps, caller);
    this.harness.pages.set(this.connectionId, this);
    this.line = "open";
    const ownRooms = ["@all", "@user"].filter((roomId) => this.listener?.since(roomId));
    const rooms: RoomToRestore[] = [
      ...[...this.inSince].map(([roomId, was]) => ({ roomId, ...was, ...this.wishOf(roomId) })),
      ...ownRooms.map((roomId) => ({ roomId, ...this.wishOf(roomId) })),
    ];
    const reply = await hello(this.harness.deps, caller, {
      action: "hello",
      probe: this.options.probe ?? true,
      acks: this.options.acks ?? false,
      rooms,
      ...(this.session && { session: this.session }),
    });
    // The line may have ended meanwhile, or the next one begun.
    if (caller.connectionId !== this.connectionId || this.line !== "open") return;
    if (reply.type !== "connected") throw new Error(`hello was answered by ${JSON.stringify(reply)}`);
    this.session = reply.session;
    this.listener?.hear(wireOf(reply));
    for (const room of reply.rooms) this.heed(room, this.inSince.get(room.roomId ?? "")?.type ?? "loginWhenFirst");
  }

  async login(
    roomId: string,
    type: LoginPolicy = "loginWhenFirst",
    wish: CatchUp = this.wishOf(roomId),
  ): Promise<LoginFrame> {
    const { connectionId } = this;
    const reply = wireOf(await loginRoom(this.harness.deps, this.caller, { roomId, type, ...wish }));
    if (connectionId === this.connectionId) this.heed(reply, type);
    if (connectionId === this.connectionId && this.line === "open") this.listener?.hear(reply);
    return reply;
  }

  private wishOf(roomId: string): CatchUp {
    const since = this.listener?.since(roomId);
    return since ? { since } : {};
  }

  async leave(roomId: string): Promise<void> {
    this.inSince.delete(roomId);
    await leaveRoom(this.harness.deps, this.caller, { action: "leaveRoom", roomId });
  }

  /** The line ends and AWS notices; whether it also says so is up to it. */
  async close({ tells = true } = {}): Promise<void> {
    const ended = this.connectionId;
    this.line = "closed";
    if (tells) await disconnect(this.harness.deps, ended);
  }

  /** The line is dead and nobody has noticed. */
  goSilent(): void {
    this.line = "halfOpen";
  }

  receive(connectionId: string, frame: ServerFrame): void {
    if (connectionId !== this.connectionId) return;
    this.inbox.push(frame);
    this.listener?.hear(frame);
    if (frame.type === "evicted") this.heed(frame, "loginWhenFirst");
    if (frame.type !== "probe") return;
    // A page answers on its own: whoever posted the probe does not wait for it.
    this.answers.push(here(this.harness.deps, this.caller, { action: "here", nonce: frame.nonce }));
  }

  isIn(roomId: string): boolean {
    return this.inSince.has(roomId);
  }

  codes(roomId: string): string[] {
    return this.inbox.flatMap((frame) =>
      frame.type === "evicted" && frame.roomId === roomId ? [frame.data.code] : [],
    );
  }

  messages(): unknown[] {
    return this.inbox.flatMap((frame) => (frame.type === "message" ? [frame.data] : []));
  }

  private heed(frame: LoginFrame, type: LoginPolicy): void {
    const roomId = frame.roomId ?? "";
    if (frame.type === "loggedIn") {
      if (frame.generation >= (this.evictedBy.get(roomId) ?? 0)) {
        this.inSince.set(roomId, { generation: frame.generation, type });
      }
      return;
    }
    if (frame.type === "loginFailed") {
      this.inSince.delete(roomId);
      return;
    }
    this.evictedBy.set(roomId, Math.max(frame.generation, this.evictedBy.get(roomId) ?? 0));
    if ((this.inSince.get(roomId)?.generation ?? 0) < frame.generation) this.inSince.delete(roomId);
  }
}

/** A world of its own, with its tables. */
export async function openHarness(): Promise<Harness & { client: Pick<DynamoDBClient, "send">; end(): Promise<void> }> {
  const { client, close } = await openInMemoryTables();
  return Object.assign(new Harness(client), { client, end: close });
}
