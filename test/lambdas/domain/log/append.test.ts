import { beforeEach, describe, expect, test } from "vitest";
import { readMissed } from "../../../../lambdas/domain/log/read.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { interceptNext } from "../../../support/intercept.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

// A push that is repeated takes a number that it does not use. Readers must not wait for that number.

const tables = sharedTables(openInMemoryTables);

let harness: Harness;
let room = "";
beforeEach(() => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
});

const push = (data: string, more = {}) => harness.push(room, JSON.stringify(data), more);
async function missed() {
  const now = await harness.deps.rooms.open(room);
  const part = await readMissed(harness.deps, now, { epoch: now.epoch, seq: 0 }, "ann");
  const data = part.missed.map((raw) => JSON.parse((raw as unknown as { text: string }).text).data);
  return { ...part, missed: data };
}

describe("an unused number gets a tombstone immediately, so readers skip it without waiting", () => {
  test("when the message keeps the number of its first push", async () => {
    await push("once", { messageId: room });
    await push("once", { messageId: room });
    await push("later");
    expect(await missed()).toEqual({ recovered: true, missed: ["once", "later"], upTo: 3 });
  });

  test("when the first push died after it recorded its number", async () => {
    interceptNext(harness.deps.log, "append", () => async () => {
      throw new Error("died");
    });
    await expect(push("once", { messageId: room })).rejects.toThrow("died");
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
