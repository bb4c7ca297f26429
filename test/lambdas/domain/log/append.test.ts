import { beforeEach, describe, expect, test } from "vitest";
import { readMissed } from "../../../../lambdas/domain/log/read.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { tablesForAll } from "../../../support/tables-for-all.ts";
import { World } from "../../../support/world.ts";

// A push that is repeated takes a number that it does not use. Readers must not wait for that number.

const tables = tablesForAll(openQuickTables);

let world: World;
let room = "";
beforeEach(() => {
  world = new World(tables.client);
  room = `room-${world.nextId()}`;
});

const push = (data: string, more = {}) => world.push(room, JSON.stringify(data), more);
async function missed() {
  const now = await world.deps.rooms.open(room);
  const part = await readMissed(world.deps, now, { epoch: now.epoch, seq: 0 }, "ann");
  const data = part.missed.map((raw) => JSON.parse((raw as unknown as { text: string }).text).data);
  return { ...part, missed: data };
}

describe("the unused number is a tombstone at once, so that readers pass it while the clock stands still", () => {
  test("when the message keeps the number of its first push", async () => {
    await push("once", { messageId: room });
    await push("once", { messageId: room });
    await push("later");
    expect(await missed()).toEqual({ recovered: true, missed: ["once", "later"], upTo: 3 });
  });

  test("when the first push died after it recorded its number", async () => {
    const { append } = world.deps.log;
    world.deps.log.append = async () => {
      throw new Error("died");
    };
    await expect(push("once", { messageId: room })).rejects.toThrow("died");
    world.deps.log.append = append;
    await push("once", { messageId: room });
    await push("later");
    expect(await missed()).toEqual({ recovered: true, missed: ["once", "later"], upTo: 3 });
  });

  test("when the messageId is already in use by another message", async () => {
    await push("once", { messageId: room });
    expect(await push("other", { messageId: room })).toMatchObject({ code: "messageIdUsed" });
    await push("later");
    expect(await missed()).toEqual({ recovered: true, missed: ["once", "later"], upTo: 3 });
  });
});
