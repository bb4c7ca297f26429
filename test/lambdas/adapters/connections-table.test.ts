import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectionsIn } from "../../../lambdas/adapters/connections-table.ts";
import { tableOf } from "../../../lambdas/adapters/table.ts";
import type { Connections } from "../../../lambdas/domain/ports.ts";
import { openTables, rowsOf } from "../../support/tables.ts";

let tables: Awaited<ReturnType<typeof openTables>>;
let connections: Connections;
beforeAll(async () => {
  tables = await openTables();
  connections = connectionsIn(tableOf(tables.client, "Connections"), () => nowMs);
});
afterAll(() => tables.close());

const startMs = 1_700_000_000_000;
const lastMs = startMs + 7_800_000;
let nowMs = startMs;
let ids = 0;
let id = "";
beforeEach(async () => {
  nowMs = startMs;
  ids += 1;
  id = `c-${ids}`;
  await connections.put(caller(id));
});

const caller = (connectionId: string) => ({
  connectionId,
  connectedAtMs: startMs,
  subject: "ann",
  grants: { rooms: ["*"], publish: [] },
  tokenExpiresAtMs: 9,
});
const rowOf = async (connectionId: string) =>
  (await rowsOf(tables.client, "Connections")).find((row) => row.connectionId === connectionId);

describe("a row", () => {
  test("is read as it was written; its session is its own id at first", async () => {
    expect(await connections.get(id)).toEqual({ ...caller(id), session: id, probe: false });
  });

  test("is absent from its expiry on, though TTL has not deleted it", async () => {
    nowMs = lastMs - 1;
    expect(await connections.get(id)).toBeDefined();
    nowMs = lastMs;
    expect(await connections.get(id)).toBeUndefined();
    expect(await connections.identify(id, "s", true)).toBe("gone");
  });

  test("that never was is absent", async () => {
    expect(await connections.get("nobody")).toBeUndefined();
  });
});

describe("identify", () => {
  test("gives the connection its session and whether it answers probes", async () => {
    expect(await connections.identify(id, "s", true)).toMatchObject({ session: "s", probe: true });
    expect(await connections.get(id)).toMatchObject({ session: "s", probe: true, subject: "ann" });
  });

  test("makes no row where there is none", async () => {
    expect(await connections.identify("nobody", "s", true)).toBe("gone");
    expect(await rowOf("nobody")).toBeUndefined();
  });

  test.each([
    ["no session and no room", {}, "s", "done"],
    ["the same session", { session: "s" }, "s", "done"],
    ["another session", { session: "other" }, "s", "refused"],
    ["a room without a session", { room: true }, "s", "refused"],
    ["a room and the same session", { session: "s", room: true }, "s", "done"],
    ["a room and another session", { session: "other", room: true }, "s", "refused"],
  ])("on a connection with %s: %4$s", async (_, was: { session?: string; room?: boolean }, session, outcome) => {
    if (was.session) await connections.identify(id, was.session, false);
    if (was.room) await connections.addRoom(id, "456");
    const identified = await connections.identify(id, session, false);
    expect(typeof identified === "string" ? identified : "done").toBe(outcome);
    expect((await connections.get(id))?.session).toBe(outcome === "done" ? "s" : (was.session ?? id));
  });

  test("is free again after the last room was left", async () => {
    await connections.addRoom(id, "456");
    await connections.removeRoom(id, "456");
    expect(await connections.identify(id, "s", false)).toMatchObject({ session: "s" });
  });
});

describe("the rooms of a connection", () => {
  const fill = async () => {
    for (let i = 0; i < 100; i += 1) expect(await connections.addRoom(id, `r-${i}`)).toBe("done");
  };

  test("are told at its end, each once", async () => {
    await connections.addRoom(id, "a");
    await connections.addRoom(id, "b");
    await connections.addRoom(id, "a");
    await connections.removeRoom(id, "b");
    await connections.identify("nobody", "s", false);
    expect(await connections.remove(id)).toEqual({ subject: "ann", session: id, rooms: ["a"] });
    expect(await connections.remove(id)).toBeUndefined();
  });

  test("are a hundred at most; those it is in already may be added again", async () => {
    await fill();
    expect(await connections.addRoom(id, "one more")).toBe("full");
    expect(await connections.addRoom(id, "r-5")).toBe("done");
    await connections.removeRoom(id, "r-5");
    expect(await connections.addRoom(id, "one more")).toBe("done");
  });

  test("of a connection that has ended are written nowhere", async () => {
    expect(await connections.addRoom("nobody", "a")).toBe("gone");
    await connections.removeRoom("nobody", "a");
    await connections.noteAnswer("nobody", "n");
    expect(await rowOf("nobody")).toBeUndefined();
  });

  test("are told at the end of one past its time too: they have to be given back", async () => {
    await connections.addRoom(id, "a");
    nowMs = lastMs + 1;
    expect(await connections.remove(id)).toMatchObject({ rooms: ["a"] });
  });
});

test("the answer to a probe is kept", async () => {
  await connections.noteAnswer(id, "n-1");
  expect(await connections.get(id)).toMatchObject({ answered: "n-1" });
});

test("the pages hold all connections that are not past their time, and nothing but their ids", async () => {
  const late = `${id}-late`;
  await connections.put({ ...caller(late), connectedAtMs: startMs + 60_000 });
  nowMs = lastMs;
  const rows = [];
  for await (const page of connections.pages()) rows.push(...page);
  expect(rows).toEqual([{ connectionId: late }]);
});
