import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { FanOutTask } from "../../../../lambdas/domain/model/fan-out-task.ts";
import { Harness, type Page, type PageOptions } from "../../../support/harness.ts";
import { inPagesOf } from "../../../support/tables.ts";

/** A harness whose pages of rows hold two, so that a room of three members is large. */
export const openHarnessWithLargeRooms = (client: Pick<DynamoDBClient, "send">) => new Harness(inPagesOf(2, client));

/** Receives all tasks in the queue. */
export const tasksOf = (harness: Harness): FanOutTask[] => harness.tasks.splice(0).map(({ task }) => task);

/** Runs all tasks in the queue, and the tasks that they enqueue. */
export async function workAll(harness: Harness): Promise<void> {
  for (let tasks = tasksOf(harness); tasks.length > 0; tasks = tasksOf(harness)) {
    for (const task of tasks) await harness.work(task);
  }
}

/** Opens pages and logs them in to the room. @returns them in the order of their rows */
export async function joinPages(
  harness: Harness,
  roomId: string,
  count: number,
  options?: PageOptions,
): Promise<Page[]> {
  const pages: Page[] = [];
  for (let i = 0; i < count; i += 1) {
    const page = await harness.connect(options);
    await page.login(roomId, "loginWhenever");
    pages.push(page);
  }
  // The leases of the logins have expired: no login is pending.
  await harness.pass(31_000);
  const order: string[] = [];
  for await (const some of harness.unwatched.members.pages(roomId)) order.push(...some.map(({ session }) => session));
  return pages.sort((a, b) => order.indexOf(a.session) - order.indexOf(b.session));
}

/** The frames that contain messages. */
export const framesOf = ({ inbox }: Page) => inbox.filter(({ type }) => type === "message" || type === "replayed");
