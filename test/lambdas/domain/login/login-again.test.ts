import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CatchUp } from "../../../../protocol/frames.ts";
import { loginPolicies } from "../../../../protocol/ids.ts";
import { AckingPage } from "../../../support/acking-page.ts";
import { Harness } from "../../../support/harness.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";

let tables: Awaited<ReturnType<typeof openInMemoryTables>>;
beforeAll(async () => {
  tables = await openInMemoryTables();
});
afterAll(() => tables.close());

let harness: Harness;
let room = "";
let ann: AckingPage;
beforeEach(async () => {
  harness = new Harness(tables.client);
  room = `room-${harness.nextId()}`;
  ann = await AckingPage.open(harness);
});

const pushes = async (...data: string[]) => {
  for (const each of data) await harness.push(room, JSON.stringify(each));
};
const memberOf = ({ page }: AckingPage) => harness.deps.members.get(room, page.session);

// With `loginWhenLast` and `loginWhenever` a repeated login once started at the newest message: unacked messages were lost
// without a report.
describe.each(loginPolicies)("a login by %s to a room that the session is already in", (type) => {
  const again = async (catchUp: CatchUp = {}) => {
    const reply = await ann.page.login(room, type, catchUp);
    if (reply.type !== "loggedIn") throw new Error(reply.data.msg);
    return { ...reply, missed: reply.missed?.map(({ data }) => data) };
  };
  const twoWereLost = async () => {
    await ann.login(room, type);
    await pushes("a");
    await ann.ack();
    harness.lost.add(ann.page.connectionId);
    await pushes("b", "c");
    harness.lost.clear();
  };

  test("keeps the membership, and returns unacked messages", async () => {
    await twoWereLost();
    const reply = await again();
    expect(reply).toMatchObject({ recovered: true, missed: ["b", "c"], upTo: 3, seq: 3 });
    expect(await memberOf(ann)).toMatchObject({ cursor: { seq: 1 }, startSeq: 0, hasAcked: true });
    await pushes("d");
    await ann.ack();
    expect(ann.dataOf(room)).toEqual(["a", "b", "c", "d"]);
    expect(ann.page.codes(room)).toEqual([]);
  });

  test("whose reply is lost too gets unacked messages again", async () => {
    await twoWereLost();
    ann.page.listener = { since: () => undefined, onFrame: () => {} };
    await again();
    ann.page.listener = ann;
    await harness.pass(6_000);
    expect(ann.dataOf(room)).toEqual(["a", "b", "c"]);
  });

  test("starts at the position of its catch-up options", async () => {
    await twoWereLost();
    const { epoch } = await harness.deps.rooms.open(room);
    expect(await again({ since: "last" })).toMatchObject({ missed: ["b", "c"] });
    expect(await again({ since: { epoch, seq: 2 } })).toMatchObject({ missed: ["c"] });
    expect(await memberOf(ann)).toMatchObject({ cursor: { seq: 2 }, startSeq: 0, hasAcked: true });
    expect(await again({ history: 3 })).toMatchObject({ missed: ["a", "b", "c"] });
    expect(await memberOf(ann)).toMatchObject({ cursor: { seq: 0 }, startSeq: 0, hasAcked: false });
  });

  // For a member that had acked before, the messages in between once counted as acked.
  test("since a position that the log does not reach continues from now, and does not count the messages in between as acked", async () => {
    await twoWereLost();
    expect(await again({ since: { epoch: "elsewhere", seq: 1 } })).toMatchObject({ recovered: false });
    expect(await memberOf(ann)).toMatchObject({ cursor: { seq: 3 }, startSeq: 3, hasAcked: false });
  });

  test("after an eviction starts at the newest message", async () => {
    await twoWereLost();
    const eve = await AckingPage.open(harness);
    await eve.login(room, "loginWhenLast");
    await eve.page.leave(room);
    expect(await again()).not.toHaveProperty("recovered");
    expect(await memberOf(ann)).toMatchObject({ cursor: { seq: 3 }, startSeq: 3, hasAcked: false });
  });
});
