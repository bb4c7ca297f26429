import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { CatchUp } from "../../../../protocol/frames.ts";
import { loginPolicies } from "../../../../protocol/ids.ts";
import { openQuickTables } from "../../../support/quick-tables.ts";
import { Reader } from "../../../support/reader.ts";
import { World } from "../../../support/world.ts";

let tables: Awaited<ReturnType<typeof openQuickTables>>;
beforeAll(async () => {
  tables = await openQuickTables();
});
afterAll(() => tables.close());

let world: World;
let room = "";
let ann: Reader;
beforeEach(async () => {
  world = new World(tables.client);
  room = `room-${world.nextId()}`;
  ann = await Reader.open(world);
});

const pushes = async (...data: string[]) => {
  for (const each of data) await world.push(room, JSON.stringify(each));
};
const memberOf = ({ page }: Reader) => world.deps.members.get(room, page.session);

// By `loginWhenLast` and `loginWhenever` it began at the newest message: what had not been acked was dropped, and nobody
// was told.
describe.each(loginPolicies)("a login by %s to a room that one is in", (type) => {
  const again = async (catchUp: CatchUp = {}) => {
    const reply = await ann.page.login(room, type, catchUp);
    if (reply.type !== "loggedIn") throw new Error(reply.data.msg);
    return { ...reply, missed: reply.missed?.map(({ data }) => data) };
  };
  const twoWereLost = async () => {
    await ann.login(room, type);
    await pushes("a");
    await ann.ack();
    world.lost.add(ann.page.connectionId);
    await pushes("b", "c");
    world.lost.clear();
  };

  test("keeps the place, and brings what was not acked", async () => {
    await twoWereLost();
    const reply = await again();
    expect(reply).toMatchObject({ recovered: true, missed: ["b", "c"], upTo: 3, seq: 3 });
    expect(await memberOf(ann)).toMatchObject({ cursor: { seq: 1 }, startSeq: 0, hasAcked: true });
    await pushes("d");
    await ann.ack();
    expect(ann.dataOf(room)).toEqual(["a", "b", "c", "d"]);
    expect(ann.page.codes(room)).toEqual([]);
  });

  test("and whose reply is lost too is sent what was not acked", async () => {
    await twoWereLost();
    ann.page.listener = { since: () => undefined, hear: () => {} };
    await again();
    ann.page.listener = ann;
    await world.pass(6_000);
    expect(ann.dataOf(room)).toEqual(["a", "b", "c"]);
  });

  test("goes where its wish says", async () => {
    await twoWereLost();
    const { epoch } = await world.deps.rooms.open(room);
    expect(await again({ since: "last" })).toMatchObject({ missed: ["b", "c"] });
    expect(await again({ since: { epoch, seq: 2 } })).toMatchObject({ missed: ["c"] });
    expect(await memberOf(ann)).toMatchObject({ cursor: { seq: 2 }, startSeq: 0, hasAcked: true });
    expect(await again({ history: 3 })).toMatchObject({ missed: ["a", "b", "c"] });
    expect(await memberOf(ann)).toMatchObject({ cursor: { seq: 0 }, startSeq: 0, hasAcked: false });
  });

  // Of whoever had acked before, what had been passed over counted as acked too.
  test("and names a place that cannot be told goes on from now, and has nothing of what it passed over", async () => {
    await twoWereLost();
    expect(await again({ since: { epoch: "elsewhere", seq: 1 } })).toMatchObject({ recovered: false });
    expect(await memberOf(ann)).toMatchObject({ cursor: { seq: 3 }, startSeq: 3, hasAcked: false });
  });

  test("and was put out meanwhile begins now", async () => {
    await twoWereLost();
    const eve = await Reader.open(world);
    await eve.login(room, "loginWhenLast");
    await eve.page.leave(room);
    expect(await again()).not.toHaveProperty("recovered");
    expect(await memberOf(ann)).toMatchObject({ cursor: { seq: 3 }, startSeq: 3, hasAcked: false });
  });
});
