import { expect, test } from "vitest";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { World } from "../../../support/world.ts";

const tables = tablesForAll(openQuickTables);

// One ack check reports at most 100 messages.
test("all messages unread before a user's page joined are reported, also more than one ack check reports", async () => {
  const world = new World(tables.client);
  const subject = `subject-${world.nextId()}`;
  const room = `@user/${subject}`;
  for (let i = 0; i < 130; i += 1) await world.push(room);
  await Reader.open(world, { subject });
  await world.pass(600_000);
  expect(world.undelivered.map(({ roomId, seq }) => [roomId, seq])).toEqual(
    Array.from({ length: 130 }, (_, i) => [room, i + 1]),
  );
});
