import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectionsIn } from "../../../../lambdas/adapters/dynamodb/connections.ts";
import { membersIn } from "../../../../lambdas/adapters/dynamodb/members.ts";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import type { Connections } from "../../../../lambdas/domain/model/connection.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { openTables, rowsOf } from "../../../support/tables.ts";

const tables = sharedTables(openTables);
let connections: Connections;
beforeAll(() => {
  connections = connectionsIn(tableOf(tables.client, "Connections"), () => nowMs);
});

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
const as = (session: string) => ({ session, newSession: "new", probe: false, acks: false });
const rowOf = async (connectionId: string) =>
  (await rowsOf(tables.client, "Connections")).find((row) => row.connectionId === connectionId);

describe("a row", () => {
  test("is read as it was written; its session is its own id at first", async () => {
    expect(await connections.get(id)).toEqual({ ...caller(id), session: id, probe: false, acks: false });
  });

  test("is absent from its expiry on, though TTL has not deleted it", async () => {
    nowMs = lastMs - 1;
    expect(await connections.get(id)).toBeDefined();
    nowMs = lastMs;
    expect(await connections.get(id)).toBeUndefined();
    expect(await connections.identify(id, as("s"))).toBe("gone");
  });

  test("that never was is absent", async () => {
    expect(await connections.get("nobody")).toBeUndefined();
  });
});

describe("identify", () => {
  test.each([
    [true, false],
    [false, true],
  ])(
    "gives the connection its session, whether it answers probes (%j) and whether it acks (%j)",
    async (probe, acks) => {
      const told = { session: "s", probe, acks };
      expect(await connections.identify(id, { ...told, newSession: "new" })).toMatchObject(told);
      expect(await connections.get(id)).toMatchObject({ ...told, subject: "ann" });
    },
  );

  test("gives a client that shows no session a new one, and the same to one that asks again", async () => {
    const asked = (newSession: string) =>
      connections.identify(id, { session: undefined, newSession, probe: false, acks: false });
    expect(await asked("first")).toMatchObject({ session: "first" });
    await connections.addRoom(id, "456");
    expect(await asked("second")).toMatchObject({ session: "first" });
  });

  test("gives no session to a connection that is in a room without one", async () => {
    await connections.addRoom(id, "456");
    const as = { session: undefined, newSession: "new", probe: false, acks: false };
    expect(await connections.identify(id, as)).toBe("refused");
  });

  test("makes no row where there is none", async () => {
    expect(await connections.identify("nobody", as("s"))).toBe("gone");
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
    if (was.session) await connections.identify(id, as(was.session));
    if (was.room) await connections.addRoom(id, "456");
    const identified = await connections.identify(id, as(session));
    expect(typeof identified === "string" ? identified : "done").toBe(outcome);
    expect((await connections.get(id))?.session).toBe(outcome === "done" ? "s" : (was.session ?? id));
  });

  test("is free again after the last room was left", async () => {
    await connections.addRoom(id, "456");
    await connections.removeRoom(id, "456");
    expect(await connections.identify(id, as("s"))).toMatchObject({ session: "s" });
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
    await connections.identify("nobody", as("s"));
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
    await connections.recordAnswer("nobody", "n");
    expect(await rowOf("nobody")).toBeUndefined();
  });

  test("are told at the end of one past its time too: they have to be given back", async () => {
    await connections.addRoom(id, "a");
    nowMs = lastMs + 1;
    expect(await connections.remove(id)).toMatchObject({ rooms: ["a"] });
  });
});

test("the answer to a probe is kept", async () => {
  await connections.recordAnswer(id, "n-1");
  expect(await connections.get(id)).toMatchObject({ answeredNonce: "n-1" });
});

test("where its subject stopped in the room of everyone is told at its end", async () => {
  const table = tableOf(tables.client, "Connections");
  const cursor = { epoch: "e", seq: 7 };
  await membersIn(table, table, () => nowMs).setCursor("@all", id, id, cursor);
  expect(await connections.remove(id)).toEqual({
    subject: "ann",
    session: id,
    rooms: [],
    resumePoint: { ...cursor, hasAcked: true },
  });
});
