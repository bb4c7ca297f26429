import type { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import type { FanOutTask } from "../../../../lambdas/domain/model/fan-out-task.ts";
import { inPagesOf } from "../../../support/tables.ts";
import { type Page, type PageOptions, World } from "../../../support/world.ts";

/** A world in which a page of rows holds two: whoever is in a room of three is in a large one. */
export const openWorldOfLargeRooms = (client: Pick<DynamoDBClient, "send">) => new World(inPagesOf(2, client));

/** Takes the tasks that wait in the queue. */
export const tasksOf = (world: World): FanOutTask[] => world.tasks.splice(0).map(({ task }) => task);

/** Does all that is in the queue, and what that puts into it. */
export async function workAll(world: World): Promise<void> {
  for (let tasks = tasksOf(world); tasks.length > 0; tasks = tasksOf(world)) {
    for (const task of tasks) await world.work(task);
  }
}

/** Pages that are in the room, in the order of their rows. */
export async function seat(world: World, roomId: string, count: number, options?: PageOptions): Promise<Page[]> {
  const pages: Page[] = [];
  for (let i = 0; i < count; i += 1) {
    const page = await world.connect(options);
    await page.login(roomId, "loginWhenever");
    pages.push(page);
  }
  // Handshakes are over, and nobody is coming in any more.
  await world.pass(31_000);
  const order: string[] = [];
  for await (const some of world.unwatched.members.pages(roomId)) order.push(...some.map(({ session }) => session));
  return pages.sort((a, b) => order.indexOf(a.session) - order.indexOf(b.session));
}

/** Frames that brought messages. */
export const framesOf = ({ inbox }: Page) => inbox.filter(({ type }) => type === "message" || type === "replayed");
