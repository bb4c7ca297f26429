import { expect, test } from "vitest";
import { AckingPage } from "../../../../support/acking-page.ts";
import { countCalls, interleave } from "../../../../support/crash.ts";
import { Harness } from "../../../../support/harness.ts";
import { openInMemoryTables } from "../../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

test("a message pushed at any point of a resume reaches the new connection at once: the room is read after the move", async () => {
  const openScene = async () => {
    const harness = new Harness(tables.client);
    const room = `room-${harness.nextId()}`;
    const ackingPage = await AckingPage.open(harness);
    await ackingPage.login(room, "loginWhenever");
    ackingPage.page.goStale();
    return { harness, room, ackingPage };
  };
  const counted = await openScene();
  const calls = await countCalls(counted.harness, () => counted.ackingPage.page.open());
  for (let call = 1; call <= calls; call += 1) {
    const { harness, room, ackingPage } = await openScene();
    await interleave(
      harness,
      () => ackingPage.page.open(),
      call,
      () => harness.push(room),
    );
    await ackingPage.fill();
    expect(ackingPage.dataOf(room), `before call ${call} of ${calls}`).toEqual([1]);
  }
});
