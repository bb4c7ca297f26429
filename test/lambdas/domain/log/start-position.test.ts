import { expect, test } from "vitest";
import { AckingPage } from "../../../support/acking-page.ts";
import { countCalls, interleave } from "../../../support/crash.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

const tables = sharedTables(openInMemoryTables);

test('a login with since: "last" reads cursors after members, so it finds the ack of a device that leaves meanwhile', async () => {
  const open = async () => {
    const harness = new Harness(tables.client);
    const room = `room-${harness.nextId()}`;
    const phone = await AckingPage.open(harness);
    await phone.login(room, "loginWhenever");
    await harness.push(room, "1");
    await phone.ack();
    await harness.push(room, "2");
    const tablet = await harness.connect({ subject: phone.page.subject, acks: true });
    let missed: unknown[] = [];
    const login = async () => {
      const reply = await tablet.login(room, "loginWhenever", { since: "last" });
      missed = "missed" in reply ? (reply.missed ?? []) : [];
    };
    return { harness, login, leave: () => phone.page.leave(room), missed: () => missed };
  };
  const counted = await open();
  const calls = await countCalls(counted.harness, counted.login);
  for (let call = 1; call <= calls; call += 1) {
    const { harness, login, leave, missed } = await open();
    await interleave(harness, login, call, leave);
    expect(missed(), `before call ${call} of ${calls}`).toMatchObject([{ seq: 2, data: 2 }]);
  }
});
