import { setTimeout as pause } from "node:timers/promises";
import type { Local } from "../../local/host/runtime.ts";
import { everyone, userRoom } from "../../protocol/ids.ts";
import type { PageStep, Plan } from "./generator.ts";
import { History } from "./history.ts";
import { unheardOf, wrongsOf } from "./oracle.ts";
import { type Audience, push } from "./service.ts";
import { SimulatedPage } from "./simulated-page.ts";
import type { Tables } from "./tables.ts";

const patienceMs = 1_000;

/** A history on its way: people with pages, a service, and rooms that nobody else knows. */
export class Scenario {
  readonly history = new History();
  readonly #local: Local;
  readonly #id: string;
  readonly #history: Plan;
  readonly #audience: Audience;
  readonly #pages: SimulatedPage[];
  readonly #closed: SimulatedPage[] = [];
  readonly #underWay: Promise<void>[] = [];

  /**
   * @param id of this history alone
   * @param lastEvent another event that its pages listen to
   */
  constructor(local: Local, plan: Plan, id: string, lastEvent: string, random: () => number) {
    this.#local = local;
    this.#id = id;
    this.#history = plan;
    const subjects = plan.pages.map(({ sharesUser }, i) => `${id}-person${sharesUser ? 0 : i}`);
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

  /** Everybody connects and logs in, each to one of the rooms. */
  async open(): Promise<void> {
    await Promise.all(
      this.#pages.map(async (page, i) => {
        await page.connect();
        await page.login(this.#room(i), this.#history.pages[i]?.policy ?? "loginWhenever", "none");
      }),
    );
  }

  /** Takes all steps; what they began may go on. */
  async run(): Promise<void> {
    await Promise.all([this.#runService(), ...this.#history.pages.map((_, i) => this.#runPage(i))]);
  }

  /** What was begun has been answered or given up. */
  async answered(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** One more message everywhere: whoever is not in any more without knowing it does not hear it. */
  async pushLast(): Promise<void> {
    const sends = "once";
    await Promise.all(
      this.#lastPushes().map(({ eventName, to, index }) =>
        push(this.#local, this.history, eventName, this.#audience, { to, index, qos: 1, sends }),
      ),
    );
  }

  /** What pages still should hear. */
  get unheard(): string[] {
    return unheardOf(this.history).map(
      ({ stay, sent }) => `${stay.page} in ${stay.roomId} since ${stay.from} never heard ${sent.eventName}`,
    );
  }

  /** The same without what was reported as undelivered. */
  get unheardAndUnreported(): string[] {
    const reported = new Set(this.#local.events.all.map(({ detail }) => `${detail.eventName} ${detail.subject}`));
    return unheardOf(this.history)
      .filter(({ stay, sent }) => !reported.has(`${sent.eventName} ${stay.subject}`))
      .map(({ stay, sent }) => `${stay.page} in ${stay.roomId} since ${stay.from} never heard ${sent.eventName}`);
  }

  async wrongs(tables: Tables): Promise<string[]> {
    const roomIds = [...this.#audience.rooms, ...this.#audience.subjects.map(userRoom), everyone];
    const logs = await Promise.all(roomIds.map(async (roomId) => [roomId, await tables.log(roomId)] as const));
    return wrongsOf(this.history, new Map(logs));
  }

  /** What the tables hold of its rooms, for whoever looks for the cause of a failure. */
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
    for (const [i, { afterMs, ...step }] of this.#history.service.entries()) {
      await pause(afterMs);
      await this.#begin(push(this.#local, this.history, this.#pushName(i), this.#audience, step));
    }
  }

  async #runPage(index: number): Promise<void> {
    for (const [i, step] of (this.#history.pages[index]?.steps ?? []).entries()) {
      await pause(step.afterMs);
      await this.#begin(this.#take(index, i, step));
    }
  }

  /** Waits for it a little, so that most steps see what those before them did. */
  async #begin(work: Promise<void>): Promise<void> {
    this.#underWay.push(work);
    await Promise.race([work, pause(patienceMs)]);
  }

  async #take(index: number, number: number, step: PageStep): Promise<void> {
    const page = this.#pages[index];
    if (!page) return;
    switch (step.do) {
      case "login":
        return page.login(this.#room(step.room), step.type, step.catchUp);
      case "leave":
        return page.leave(this.#room(step.room));
      case "drop":
        return page.drop(step.untold);
      case "freeze":
        return page.freeze();
      case "reload": {
        const { rooms } = page;
        page.close(step.untold);
        this.#closed.push(page);
        const next = page.successor(`${this.#id}-page${index}.${number}`);
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
        return page.publish(this.#room(step.room), this.#publishName(index, number), step.qos);
      case "publishTo": {
        const toUser = this.#audience.subjects[step.page % this.#audience.subjects.length] ?? "";
        return page.publish({ toUser }, this.#publishName(index, number), 1);
      }
      default:
        step satisfies never;
    }
  }

  #room = (index: number) => this.#audience.rooms[index % 2] ?? "";
}
