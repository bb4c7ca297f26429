import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { connectionsIn } from "../../../../lambdas/adapters/dynamodb/connections.ts";
import { membersIn } from "../../../../lambdas/adapters/dynamodb/members.ts";
import { tableOf } from "../../../../lambdas/adapters/dynamodb/table.ts";
import type { Members, Part } from "../../../../lambdas/domain/model/member.ts";
import { openInMemoryTables } from "../../../support/in-memory-tables.ts";
import { sharedTables } from "../../../support/shared-tables.ts";
import { inPagesOf } from "../../../support/tables.ts";

// A room and `@all`: the first is divided by ranges of its sort keys, the second by segments of a scan.

const startMs = 1_700_000_000_000;
/** Some have expired. */
const expiredCount = 15;
const live = 120;
const tables = sharedTables(openInMemoryTables);
let nowMs = startMs;
const membersOf = (rowsPerPage?: number): Members => {
  const client = rowsPerPage === undefined ? tables.client : inPagesOf(rowsPerPage, tables.client);
  return membersIn(tableOf(client, "Rooms"), tableOf(client, "Connections"), () => nowMs);
};
const idsOf = (count: number, name: string) => Array.from({ length: count }, (_, i) => `${name}-${i}`).sort();

beforeAll(async () => {
  const connections = connectionsIn(tableOf(tables.client, "Connections"), () => nowMs);
  const enter = async (id: string, connectedAtMs: number) => {
    const caller = {
      connectionId: id,
      transport: "websocket" as const,
      connectedAtMs,
      subject: "ann",
      tokenExpiresAtMs: 9,
    };
    await connections.put({ ...caller, grants: { rooms: [], publish: [] } });
    await membersOf().put("456", { ...caller, session: id, generation: 0, holdsLease: false });
  };
  for (const id of idsOf(live, "live")) await enter(id, startMs);
  for (const id of idsOf(expiredCount, "expired")) await enter(id, startMs - 60_000);
  nowMs = startMs + 7_800_000 - 30_000;
});

async function sessionsOf(members: Members, roomId: string, part?: Part, after?: string): Promise<string[]> {
  const sessions: string[] = [];
  for await (const page of members.pages(roomId, part, after)) sessions.push(...page.map(({ session }) => session));
  return sessions;
}
const of = fc.integer({ min: 1, max: 64 });
const rowsPerPage = fc.integer({ min: 1, max: 40 });

describe.each(["456", "@all"])("the members of %s", (roomId) => {
  test("are each in exactly one part, for any number of parts", async () => {
    await fc.assert(
      fc.asyncProperty(of, rowsPerPage, async (of, rowsPerPage) => {
        const members = membersOf(rowsPerPage);
        const parts = Array.from({ length: of }, (_, index) => sessionsOf(members, roomId, { index, of }));
        expect((await Promise.all(parts)).flat().sort()).toEqual(idsOf(live, "live"));
      }),
      { numRuns: 12 },
    );
  });

  test("continue after any member without loss or repetition, even if it has left", async () => {
    await fc.assert(
      fc.asyncProperty(
        of,
        fc.nat(),
        fc.nat(),
        rowsPerPage,
        fc.boolean(),
        async (of, part, resumePoint, rows, hasLeft) => {
          const at = { index: part % of, of };
          const whole = await sessionsOf(membersOf(), roomId, at);
          fc.pre(whole.length > 0);
          const index = resumePoint % whole.length;
          const after = whole[index] ?? "";
          // The row of a member that has left is gone. Reads continue after its key, not after its row.
          const comeBack = hasLeft ? await removed(roomId, after) : async () => {};
          const rest = await sessionsOf(membersOf(rows), roomId, at, after);
          await comeBack();
          expect(rest).toEqual(whole.slice(index + 1));
        },
      ),
      { numRuns: 40 },
    );
  });

  test("are read by parts in pages of 500, and as a whole in the largest pages", async () => {
    const limits: unknown[] = [];
    const send = (command: { input: { Limit?: number } }) => {
      limits.push(command.input.Limit);
      return tables.client.send(command as never);
    };
    const client = { send: send as unknown as typeof tables.client.send };
    const members = membersIn(tableOf(client, "Rooms"), tableOf(client, "Connections"), () => nowMs);
    await sessionsOf(members, roomId);
    await sessionsOf(members, roomId, { index: 0, of: 1 });
    expect(limits).toEqual([undefined, 500]);
  });
});

/** Removes a row. @returns a function that restores it */
async function removed(roomId: string, session: string): Promise<() => Promise<void>> {
  const members = membersOf();
  const member = await members.get(roomId, session);
  if (!member) throw new Error(`${session} is not there`);
  if (roomId === "@all") {
    const connections = connectionsIn(tableOf(tables.client, "Connections"), () => nowMs);
    const connection = await connections.get(session);
    if (!connection) throw new Error(`${session} is not there`);
    await connections.remove(session);
    return () => connections.put(connection);
  }
  await members.remove(roomId, session, session);
  return async () => void (await members.put(roomId, member));
}

describe("the first members", () => {
  test.each(["456", "@all"])("of %s are all members of a room up to the limit", async (roomId) => {
    const { members, share } = await membersOf().first(roomId, live + expiredCount);
    expect(members.map(({ session }) => session).sort()).toEqual(idsOf(live, "live"));
    expect(share).toBe(1);
  });

  test.each(["456", "@all"])("of %s are some members of a room above the limit", async (roomId) => {
    const { members, share } = await membersOf().first(roomId, live + expiredCount - 1);
    expect(share).not.toBe(1);
    expect(members.length).toBeGreaterThan(0);
  });

  test("of a room have their share of it; of @all the share is unknown", async () => {
    const { members, share = 0 } = await membersOf().first("456", 50);
    const estimate = members.length / share;
    expect(estimate).toBeGreaterThan(live * 0.6);
    expect(estimate).toBeLessThan(live * 1.6);
    expect(await membersOf().first("@all", 50)).not.toHaveProperty("share");
  });

  test("cost one page, for any number of members", async () => {
    let requests = 0;
    const send = (command: never) => {
      requests += 1;
      return tables.client.send(command);
    };
    const client = { send: send as unknown as typeof tables.client.send };
    const members = membersIn(tableOf(client, "Rooms"), tableOf(client, "Connections"), () => nowMs);
    for (const roomId of ["456", "@all", "empty"]) await members.first(roomId, 20);
    expect(requests).toBe(3);
  });

  test("of an empty room are none, with a share of 1", async () => {
    expect(await membersOf().first("empty", 250)).toEqual({ members: [], share: 1 });
  });
});
