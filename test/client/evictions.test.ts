import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import type { LoginFrame, Ref } from "../../protocol/frames.ts";
import { answerTo, connected, evicted, FakeServer, loggedIn } from "./support/fake-server.ts";

const evictedNotice = { code: "2005", msg: "you have kicked out room (id456)" };

/** A connected page that logs in to room 456. The test sends the responses. */
async function pageThatLogsIn() {
  const server = new FakeServer();
  const handle = server.handle();
  const reported = vi.fn();
  handle.listen("loginRoomResp", (data) => data.code === "2005" && reported(data));
  await handle.connect();
  server.onFrame = (frame) => (frame.action === "loginRoom" ? undefined : answerTo(frame));
  const outcomes: string[] = [];
  const logIn = (): Ref | undefined => {
    const note = ({ code }: { code: string }) => outcomes.push(code);
    handle.loginRoom("456", note, note);
    return server.receivedOf("loginRoom").at(-1)?.ref;
  };
  const isIn = async (epoch = "k3f9") => {
    const received = vi.fn();
    const off = handle.listen("test", received);
    await server.last.deliver(server.message("are you in?", { roomId: "456", epoch }));
    off();
    return received.mock.calls.length > 0;
  };
  return { server, handle, reported, outcomes, logIn, isIn };
}

describe("an eviction", () => {
  test("is reported once as loginRoomResp 2005, and ends the messages of the room", async () => {
    const { server, reported, outcomes, logIn, isIn } = await pageThatLogsIn();
    await server.last.deliver({ ...loggedIn("456", 3), ref: logIn() });
    expect(await isIn()).toBe(true);
    await server.last.deliver(evicted("456", 4));
    await server.last.deliver(evicted("456", 4));
    expect(reported).toHaveBeenCalledExactlyOnceWith(evictedNotice);
    expect(outcomes).toEqual(["2002"]);
    expect(await isIn()).toBe(false);
  });

  test("that overtakes the 2002 makes the login fail with 2005", async () => {
    const { server, reported, outcomes, logIn, isIn } = await pageThatLogsIn();
    const ref = logIn();
    await server.last.deliver(evicted("456", 4));
    expect(reported).not.toHaveBeenCalled();
    await server.last.deliver({ ...loggedIn("456", 3), ref });
    expect(outcomes).toEqual(["2005"]);
    expect(reported).toHaveBeenCalledExactlyOnceWith(evictedNotice);
    expect(await isIn()).toBe(false);
  });

  test("is ignored if its generation is not newer than that of the login", async () => {
    const { server, reported, logIn, isIn } = await pageThatLogsIn();
    await server.last.deliver({ ...loggedIn("456", 4), ref: logIn() });
    await server.last.deliver(evicted("456", 4));
    expect(reported).not.toHaveBeenCalled();
    expect(await isIn()).toBe(true);
  });

  test("is undone by the next login", async () => {
    const { server, outcomes, logIn, isIn } = await pageThatLogsIn();
    await server.last.deliver({ ...loggedIn("456", 3), ref: logIn() });
    await server.last.deliver(evicted("456", 4));
    await server.last.deliver({ ...loggedIn("456", 5), ref: logIn() });
    expect(outcomes).toEqual(["2002", "2002"]);
    expect(await isIn()).toBe(true);
  });

  // When the rows of a room expire, its generations start again at 0 in a new epoch.
  test("in a new epoch is compared with the login of that epoch: it ends the room and is reported once", async () => {
    const { server, reported, outcomes, logIn, isIn } = await pageThatLogsIn();
    await server.last.deliver({ ...loggedIn("456", 7), ref: logIn() });
    server.onFrame = (frame) => {
      return frame.action === "hello" ? connected([{ ...loggedIn("456", 0), epoch: "new1" }]) : undefined;
    };
    server.last.drop();
    await server.clock.advance(250);
    expect(await isIn("new1")).toBe(true);
    expect(reported).not.toHaveBeenCalled();
    await server.last.deliver(evicted("456", 1));
    await server.last.deliver(evicted("456", 1));
    expect(reported).toHaveBeenCalledExactlyOnceWith(evictedNotice);
    expect(outcomes).toEqual(["2002"]);
    expect(await isIn("new1")).toBe(false);
  });

  test("of an earlier epoch does not lock a login of the new one", async () => {
    const { server, reported, outcomes, logIn, isIn } = await pageThatLogsIn();
    await server.last.deliver({ ...loggedIn("456", 7), ref: logIn() });
    const ref = logIn();
    await server.last.deliver(evicted("456", 8));
    expect(reported).toHaveBeenCalledExactlyOnceWith(evictedNotice);
    await server.last.deliver({ ...loggedIn("456", 0), epoch: "new1", ref });
    expect(outcomes).toEqual(["2002", "2002"]);
    expect(reported).toHaveBeenCalledOnce();
    expect(await isIn("new1")).toBe(true);
  });
});

describe("2002 and 2005 in any order and any number of times", () => {
  const generation = fc.integer({ min: 0, max: 6 });
  const evictions = fc.array(generation, { maxLength: 4 });

  test("make the page a member exactly if no eviction is newer than its login", async () => {
    const history = fc.record({ login: generation, evictions, copies: fc.integer({ min: 1, max: 3 }) });
    const shuffled = history.chain(({ login, evictions: generations, copies }) => {
      const frames = [loggedIn("456", login), ...generations.map((newest) => evicted("456", newest))];
      const all = Array.from({ length: copies }, () => frames).flat();
      return fc.shuffledSubarray(all, { minLength: all.length }).map((order) => ({ login, generations, order }));
    });
    await fc.assert(
      fc.asyncProperty(shuffled, async ({ login, generations, order }) => {
        const { server, handle, reported, outcomes, logIn, isIn } = await pageThatLogsIn();
        const ref = logIn();
        for (const frame of order) await server.last.deliver({ ...frame, ref });
        const staysIn = generations.every((newest) => newest <= login);
        expect(await isIn()).toBe(staysIn);
        expect(reported).toHaveBeenCalledTimes(staysIn ? 0 : 1);
        expect(outcomes).toHaveLength(1);
        if (staysIn) expect(outcomes).toEqual(["2002"]);
        handle.close();
      }),
      { numRuns: 150 },
    );
  });

  test("do the same for a page that logs in twice", async () => {
    const history = fc
      .record({ first: generation, more: generation, older: evictions, newer: evictions })
      .map(({ first, more, older, newer }) => {
        const second = first + more;
        // The server cannot report an eviction that is newer than the second login before that login is requested.
        return { first, second, before: older.map((g) => Math.min(g, second)), after: newer };
      })
      .chain(({ first, second, before, after }) => {
        const early = [loggedIn("456", first), loggedIn("456", first), ...before.map((g) => evicted("456", g))];
        const late: { isSecond: boolean; frame: LoginFrame }[] = [...before, ...after].map((g) => ({
          isSecond: false,
          frame: evicted("456", g),
        }));
        late.push(
          { isSecond: false, frame: loggedIn("456", first) },
          { isSecond: true, frame: loggedIn("456", second) },
        );
        return fc.record({
          second: fc.constant(second),
          newest: fc.constant(Math.max(0, ...after, ...before)),
          early: fc.shuffledSubarray(early, { minLength: early.length }),
          late: fc.shuffledSubarray(late, { minLength: late.length }),
        });
      });
    await fc.assert(
      fc.asyncProperty(history, async ({ second, newest, early, late }) => {
        const { server, handle, logIn, isIn } = await pageThatLogsIn();
        const firstRef = logIn();
        for (const frame of early) await server.last.deliver({ ...frame, ref: firstRef });
        const secondRef = logIn();
        for (const { isSecond, frame } of late) {
          await server.last.deliver({ ...frame, ref: isSecond ? secondRef : firstRef });
        }
        expect(await isIn()).toBe(newest <= second);
        handle.close();
      }),
      { numRuns: 150 },
    );
  });
});
