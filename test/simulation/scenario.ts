import { setTimeout as pause } from "node:timers/promises";
import type { Local } from "../../local/host/runtime.ts";
import { everyone, userRoom } from "../../protocol/ids.ts";
import type { PageStep, Plan } from "./generator.ts";
import { History } from "./history.ts";
import { type MissingMessage, missingMessagesOf, violationsOf } from "./oracle.ts";
import { type Audience, push } from "./service.ts";
import { SimulatedPage } from "./simulated-page.ts";
import type { Tables } from "./tables.ts";

/** An actor continues with its next step after this time, even if the step before has not finished. */
const maxStepMs = 1_000;

/** Runs the plan of one history: users with pages, a service, and rooms that no other history uses. */
export class Scenario {
  readonly history = new History();
  readonly #local: Local;
  readonly #id: string;
  readonly #plan: Plan;
  readonly #audience: Audience;
  readonly #pages: SimulatedPage[];
  readonly #closed: SimulatedPage[] = [];
  readonly #running: Promise<void>[] = [];

  /**
   * @param id unique prefix of the history's names
   * @param lastEvent a further event that the pages listen to
   */
  constructor(local: Local, plan: Plan, id: string, lastEvent: string, random: () => number) {
    this.#local = local;
    this.#id = id;
    this.#plan = plan;
    const subjects = plan.pages.map(({ sharesUser }, i) => `${id}-user${sharesUser ? 0 : i}`);
    this.#audience = { rooms: [`${id}-one`, `${id}-two`], subjects };
    const eventNames = [
      ...plan.service.map((_, i) => this.#pushName(i)),
      ...plan.pages.flatMap(({ steps }, page) => steps.map((_, i) => this.#publishName(page, i))),
      ...this.#lastPushes().map(({ eventName }) => eventName),
      lastEvent,
    ];
    this.#pages = subjects.map(
      (subject, i) =>
        new SimulatedPage({ local, history: this.history, name: `${id}-page${i}`, subject, eventNames, random }),
    );
  }

  /** Connects all pages and logs each in to one of the rooms. */
  async open(): Promise<void> {
    await Promise.all(
      this.#pages.map(async (page, i) => {
        await page.connect();
        await page.login(this.#room(i), this.#plan.pages[i]?.policy ?? "loginWhenever", "none");
      }),
    );
  }

  /** Runs all steps. Operations that they started may still be running afterwards. */
  async run(): Promise<void> {
    await Promise.all([this.#runService(), ...this.#plan.pages.map((_, i) => this.#runPage(i))]);
  }

  /** Waits until every started operation has succeeded or failed. */
  async finished(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Pushes one more message to each room and user. A page that wrongly believes to be a member does not receive it. */
  async pushLast(): Promise<void> {
    const sends = "once";
    await Promise.all(
      this.#lastPushes().map(({ eventName, to, index }) =>
        push(this.#local, this.history, eventName, this.#audience, { to, index, qos: 1, sends }),
      ),
    );
  }

  /** Messages that pages have still to receive, one text each. */
  get missing(): string[] {
    return missingMessagesOf(this.history).map(describeMissing);
  }

  /** The same without messages that were reported as undelivered. */
  get missingAndUnreported(): string[] {
    const reported = new Set(this.#local.events.all.map(({ detail }) => `${detail.eventName} ${detail.subject}`));
    return missingMessagesOf(this.history)
      .filter(({ membership, sent }) => !reported.has(`${sent.eventName} ${membership.subject}`))
      .map(describeMissing);
  }

  async violations(tables: Tables): Promise<string[]> {
    const roomIds = [...this.#audience.rooms, ...this.#audience.subjects.map(userRoom), everyone];
    const logs = await Promise.all(roomIds.map(async (roomId) => [roomId, await tables.log(roomId)] as const));
    return violationsOf(this.history, new Map(logs));
  }

  /** The rows of the history's rooms, one a line, to find the cause of a failure. */
  async state(tables: Tables): Promise<string> {
    const rows = await Promise.all(this.#audience.rooms.map((roomId) => tables.room(roomId)));
    return rows
      .flat()
      .map((row) => JSON.stringify(row))
      .join("\n");
  }

  close(): void {
    for (const page of [...this.#pages, ...this.#closed]) page.destroy();
  }

  #pushName = (step: number) => `${this.#id}-push${step}`;
  #publishName = (page: number, step: number) => `${this.#id}-publish${page}.${step}`;

  #lastPushes() {
    const { rooms, subjects } = this.#audience;
    return [
      ...rooms.map((_, index) => ({ eventName: `${this.#id}-last-room${index}`, to: "room" as const, index })),
      ...subjects.flatMap((subject, index) =>
        subjects.indexOf(subject) === index
          ? [{ eventName: `${this.#id}-last-user${index}`, to: "user" as const, index }]
          : [],
      ),
    ];
  }

  async #runService(): Promise<void> {
    for (const [i, { afterMs, ...step }] of this.#plan.service.entries()) {
      await pause(afterMs);
      await this.#start(push(this.#local, this.history, this.#pushName(i), this.#audience, step));
    }
  }

  async #runPage(index: number): Promise<void> {
    for (const [i, step] of (this.#plan.pages[index]?.steps ?? []).entries()) {
      await pause(step.afterMs);
      await this.#start(this.#perform(index, i, step));
    }
  }

  /** Waits for the step up to `maxStepMs`, so that most steps see the effects of those before. */
  async #start(work: Promise<void>): Promise<void> {
    this.#running.push(work);
    await Promise.race([work, pause(maxStepMs)]);
  }

  async #perform(index: number, stepIndex: number, step: PageStep): Promise<void> {
    const page = this.#pages[index];
    if (!page) return;
    switch (step.do) {
      case "login":
        return page.login(this.#room(step.room), step.type, step.catchUp);
      case "leave":
        return page.leave(this.#room(step.room));
      case "drop":
        return page.drop(step.isUnnoticed);
      case "freeze":
        return page.freeze();
      case "reload": {
        const { rooms } = page;
        page.close(step.isUnnoticed);
        this.#closed.push(page);
        const next = page.successor(`${this.#id}-page${index}.${stepIndex}`);
        this.#pages[index] = next;
        void next.connect();
        await Promise.all(rooms.map((roomId) => next.login(roomId, step.type, step.catchUp)));
        return;
      }
      case "block":
        return page.block();
      case "unblock":
        return page.unblock();
      case "publish":
        return page.publish(this.#room(step.room), this.#publishName(index, stepIndex), step.qos);
      case "publishTo": {
        const toUser = this.#audience.subjects[step.page % this.#audience.subjects.length] ?? "";
        return page.publish({ toUser }, this.#publishName(index, stepIndex), 1);
      }
      default:
        step satisfies never;
    }
  }

  #room = (index: number) => this.#audience.rooms[index % 2] ?? "";
}

const describeMissing = ({ membership: { page, roomId, from }, sent }: MissingMessage) =>
  `${page} in ${roomId} since ${from} never received ${sent.eventName}`;
