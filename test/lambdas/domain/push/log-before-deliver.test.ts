import { describe, expect, test } from "vitest";
import { loginPolicies } from "../../../../protocol/ids.ts";
import { countCalls, crash, interleave } from "../../../support/crash.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";

// A push takes a number, logs the message and reads the members, and then delivers.

const tables = sharedTables(openInMemoryTables);

test("a crash at any point of a push leaves no page with a message that the log lacks", async () => {
  const begin = async () => {
    const harness = new Harness(tables.client);
    const room = `room-${harness.nextId()}`;
    const page = await harness.connect({ acks: true });
    await page.login(room);
    return { harness, room, page };
  };
  const counted = await begin();
  const calls = await countCalls(counted.harness, () => counted.harness.push(counted.room));
  expect(counted.page.messages()).toEqual([1]);
  for (let call = 1; call <= calls; call += 1) {
    for (const moment of ["before", "after"] as const) {
      const { harness, room, page } = await begin();
      await crash(harness, () => harness.push(room), { call, moment });
      for (const frame of page.inbox) {
        if (frame.type !== "message") continue;
        const entry = await harness.deps.log.get(room, { epoch: frame.epoch ?? "", seq: frame.seq ?? 0 });
        expect(entry?.message?.messageId, `${moment} call ${call} of ${calls}`).toBe(frame.messageId);
      }
    }
  }
});

describe.each(loginPolicies)("a page that joins by %s during a push and does not ack", (policy) => {
  test("receives the message unless its login reply counts it: members are read after the number is taken", async () => {
    const begin = async () => {
      const harness = new Harness(tables.client);
      return { harness, room: `room-${harness.nextId()}`, page: await harness.connect() };
    };
    const counted = await begin();
    const calls = await countCalls(counted.harness, () => counted.harness.push(counted.room));
    for (let call = 1; call <= calls; call += 1) {
      const { harness, room, page } = await begin();
      let startSeq = -1;
      const login = async () => {
        const reply = await page.login(room, policy);
        if (reply.type === "loggedIn") startSeq = reply.seq;
      };
      await interleave(harness, () => harness.push(room), call, login);
      expect(startSeq, `before call ${call} of ${calls}`).toBeGreaterThanOrEqual(0);
      if (startSeq === 0) expect(page.messages(), `before call ${call} of ${calls}`).toEqual([1]);
    }
  });
});
