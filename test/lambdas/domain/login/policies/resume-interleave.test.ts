import { expect, test } from "vitest";
import { AckingPage } from "../../../../support/acking-page.ts";
import { countCalls, interleave } from "../../../../support/crash.ts";
import { Harness } from "../../../../support/harness.ts";
import { openInMemoryTables } from "../../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

test("a message pushed at any point of a resume reaches the new connection at once: the room is read after the move", async () => {
  const startPosition = async () => {
    const harness = new Harness(tables.client);
    const room = `room-${harness.nextId()}`;
    const reader = await AckingPage.open(harness);
    await reader.login(room, "loginWhenever");
    reader.page.goStale();
    return { harness, room, reader };
  };
  const counted = await startPosition();
  const calls = await countCalls(counted.harness, () => counted.reader.page.open());
  for (let call = 1; call <= calls; call += 1) {
    const { harness, room, reader } = await startPosition();
    await interleave(
      harness,
      () => reader.page.open(),
      call,
      () => harness.push(room),
    );
    await reader.fill();
    expect(reader.dataOf(room), `before call ${call} of ${calls}`).toEqual([1]);
  }
});
