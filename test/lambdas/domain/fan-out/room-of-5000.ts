import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { FanOutTask } from "../../../../lambdas/domain/model/fan-out-task.ts";
import { Harness, type Page, type PageOptions } from "../../../support/harness.ts";
import { inPagesOf } from "../../../support/tables.ts";

/** A world in which a page of rows holds two: whoever is in a room of three is in a large one. */
export const openHarnessWithLargeRooms = (client: Pick<DynamoDBClient, "send">) => new Harness(inPagesOf(2, client));

/** Takes the tasks that wait in the queue. */
export const tasksOf = (harness: Harness): FanOutTask[] => harness.tasks.splice(0).map(({ task }) => task);

/** Does all that is in the queue, and what that puts into it. */
export async function workAll(harness: Harness): Promise<void> {
  for (let tasks = tasksOf(harness); tasks.length > 0; tasks = tasksOf(harness)) {
    for (const task of tasks) await harness.work(task);
  }
}

/** Pages that are in the room, in the order of their rows. */
export async function seat(harness: Harness, roomId: string, count: number, options?: PageOptions): Promise<Page[]> {
  const pages: Page[] = [];
  for (let i = 0; i < count; i += 1) {
    const page = await harness.connect(options);
    await page.login(roomId, "loginWhenever");
    pages.push(page);
  }
  // Handshakes are over, and nobody is coming in any more.
  await harness.pass(31_000);
  const order: string[] = [];
  for await (const some of harness.unwatched.members.pages(roomId)) order.push(...some.map(({ session }) => session));
  return pages.sort((a, b) => order.indexOf(a.session) - order.indexOf(b.session));
}

/** Frames that brought messages. */
export const framesOf = ({ inbox }: Page) => inbox.filter(({ type }) => type === "message" || type === "replayed");
