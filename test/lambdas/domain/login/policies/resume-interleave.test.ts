import { expect, test } from "vitest";
import { countCalls, interleave } from "../../../../support/crash.ts";
import { openQuickTables } from "../../../../support/quick-tables.ts";
import { Reader } from "../../../../support/reader.ts";
import { tablesForAll } from "../../../../support/tables-for-all.ts";
import { World } from "../../../../support/world.ts";

const tables = tablesForAll(openQuickTables);

test("a message pushed at any point of a resume reaches the new connection at once: the room is read after the move", async () => {
  const startPosition = async () => {
    const world = new World(tables.client);
    const room = `room-${world.nextId()}`;
    const reader = await Reader.open(world);
    await reader.login(room, "loginWhenever");
    reader.page.goSilent();
    return { world, room, reader };
  };
  const counted = await startPosition();
  const calls = await countCalls(counted.world, () => counted.reader.page.open());
  for (let call = 1; call <= calls; call += 1) {
    const { world, room, reader } = await startPosition();
    await interleave(
      world,
      () => reader.page.open(),
      call,
      () => world.push(room),
    );
    await reader.fill();
    expect(reader.dataOf(room), `before call ${call} of ${calls}`).toEqual([1]);
  }
});
