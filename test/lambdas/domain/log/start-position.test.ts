import { expect, test } from "vitest";
import { countCalls, interleave } from "../../../support/crash.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { World } from "../../../support/world.ts";

const tables = tablesForAll(openQuickTables);

test("a login since the last ack finds it while the user's other device leaves: cursors are read after members", async () => {
  const open = async () => {
    const world = new World(tables.client);
    const room = `room-${world.nextId()}`;
    const phone = await Reader.open(world);
    await phone.login(room, "loginWhenever");
    await world.push(room, "1");
    await phone.ack();
    await world.push(room, "2");
    const tablet = await world.connect({ subject: phone.page.subject, acks: true });
    let missed: unknown[] = [];
    const login = async () => {
      const reply = await tablet.login(room, "loginWhenever", { since: "last" });
      missed = "missed" in reply ? (reply.missed ?? []) : [];
    };
    return { world, login, leave: () => phone.page.leave(room), missed: () => missed };
  };
  const counted = await open();
  const calls = await countCalls(counted.world, counted.login);
  for (let call = 1; call <= calls; call += 1) {
    const { world, login, leave, missed } = await open();
    await interleave(world, login, call, leave);
    expect(missed(), `before call ${call} of ${calls}`).toMatchObject([{ seq: 2, data: 2 }]);
  }
});
