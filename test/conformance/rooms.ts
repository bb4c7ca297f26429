import { describe, expect, onTestFinished, test } from "vitest";
import { meet, newRoom, openPage } from "./page.ts";
import { pushOk, type Target } from "./target.ts";

const codeOf = async (reply: Promise<{ data: { code: string } }>) => (await reply).data.code;

/** Login policies, leaving, and resuming a session. */
export function rooms(target: () => Target): void {
  describe("a login", () => {
    test("gets exactly the documented 2002, and 2004 if the room is occupied", async () => {
      const [ann, bob] = await Promise.all([meet(target()), meet(target())]);
      const room = newRoom();
      expect(await ann.login(room)).toEqual({
        type: "loggedIn",
        eventName: "loginRoomResp",
        data: { code: "2002", msg: `login room (id:${room}) success` },
        ...{ roomId: room, generation: 0, epoch: expect.any(String), seq: 0 },
      });
      expect(await bob.login(room)).toEqual({
        type: "loginFailed",
        eventName: "loginRoomResp",
        data: { code: "2004", msg: `your room id(${room}) already exist` },
        roomId: room,
      });
      await ann.settle();
      expect(ann.inbox).toEqual([]);
    });

    test("by loginWhenLast evicts the members: they get exactly the documented 2005, and no other page does", async () => {
      const [ann, bob, eve] = await Promise.all([meet(target()), meet(target()), meet(target())]);
      const room = newRoom();
      await ann.login(room, "loginWhenever");
      await bob.login(room, "loginWhenever");
      expect(await codeOf(eve.login(room, "loginWhenLast"))).toBe("2002");
      for (const page of [ann, bob]) {
        expect((await page.next()).frame).toEqual({
          type: "evicted",
          eventName: "loginRoomResp",
          data: { code: "2005", msg: `you have kicked out room (id${room})` },
          ...{ roomId: room, generation: 1 },
        });
      }
      await eve.settle();
      expect(eve.inbox).toEqual([]);
      await pushOk(target(), { roomId: room, eventName: "test", data: "after 2005" });
      expect((await eve.message()).frame.data).toBe("after 2005");
      await Promise.all([ann.settle(), bob.settle()]);
      expect([...ann.inbox, ...bob.inbox]).toEqual([]);
    });

    test("by loginWhenever succeeds beside the present members", async () => {
      const [ann, bob] = await Promise.all([meet(target()), meet(target())]);
      const room = newRoom();
      await ann.login(room);
      expect(await codeOf(bob.login(room, "loginWhenever"))).toBe("2002");
      await ann.settle();
      expect(ann.inbox).toEqual([]);
    });

    test("by loginWhenFirst is refused, whatever the policy of the present member", async () => {
      const [ann, bob] = await Promise.all([meet(target()), meet(target())]);
      for (const type of ["loginWhenFirst", "loginWhenLast", "loginWhenever"]) {
        const room = newRoom();
        await ann.login(room, type);
        expect(await codeOf(bob.login(room))).toBe("2004");
      }
    });

    test("by loginWhenFirst succeeds for exactly one of many concurrent pages", async () => {
      const pages = await Promise.all(Array.from({ length: 8 }, () => meet(target())));
      const room = newRoom();
      const codes = await Promise.all(pages.map((page) => codeOf(page.login(room))));
      expect(codes.sort()).toEqual(["2002", ...Array(7).fill("2004")]);
    });

    test("by loginWhenLast leaves exactly one of many concurrent pages, and notifies all others that succeeded", async () => {
      const pages = await Promise.all(Array.from({ length: 8 }, () => meet(target())));
      const room = newRoom();
      const replies = await Promise.all(pages.map((page) => page.login(room, "loginWhenLast")));
      const newest = Math.max(...replies.map(({ generation = 0 }) => generation));
      for (const [i, page] of pages.entries()) {
        if (replies[i].type !== "loggedIn") continue;
        await page.settle();
        const evictedBy = page.inbox.map((frame) => (frame as { generation: number }).generation);
        if (replies[i].generation === newest) expect(evictedBy).toEqual([]);
        else expect(Math.max(...evictedBy)).toBeGreaterThan(replies[i].generation);
      }
      await pushOk(target(), { roomId: room, eventName: "test", data: 1 });
      const winner = pages[replies.findIndex(({ generation }) => generation === newest)];
      expect((await winner?.message())?.frame.data).toBe(1);
    });

    test("is refused where the token does not allow it", async () => {
      const guest = await meet(target(), { rooms: ["lobby-*"] });
      expect(await codeOf(guest.login("lobby-7", "loginWhenever"))).toBe("2002");
      expect(await guest.login("456")).toMatchObject({
        eventName: "loginRoomResp",
        data: { code: "2003", msg: "the token does not allow room 456" },
      });
    });

    test("is refused to a page whose token names no rooms", async () => {
      const guest = await meet(target(), { rooms: [] });
      expect(await codeOf(guest.login("456"))).toBe("2003");
    });
  });

  describe("a room", () => {
    test("is free after its page left, and after its page has closed", async () => {
      const [ann, bob, eve] = await Promise.all([meet(target()), meet(target()), meet(target())]);
      const room = newRoom();
      await ann.login(room);
      expect(await ann.leave(room)).toMatchObject({
        eventName: "leaveRoomResp",
        data: { code: "2006", msg: `leave room (id:${room}) success` },
      });
      expect(await codeOf(bob.login(room))).toBe("2002");
      await bob.close();
      expect(await codeOf(eve.login(room))).toBe("2002");
    });
  });

  describe("a page that comes back", () => {
    test("presents its session and resumes its membership, even while its old connection is open", async () => {
      const [ann, bob] = await Promise.all([meet(target()), meet(target())]);
      const room = newRoom();
      const { generation } = await ann.login(room);
      const again = await meetAgain(target(), ann, [{ roomId: room, generation }]);
      expect(again.reply).toMatchObject({
        session: ann.session,
        rooms: [{ type: "loggedIn", data: { code: "2002" }, roomId: room, generation }],
      });
      expect(await codeOf(bob.login(room))).toBe("2004");
      await pushOk(target(), { roomId: room, eventName: "test", data: 1 });
      expect((await again.page.message()).frame.data).toBe(1);
      await ann.settle();
      expect(ann.inbox).toEqual([]);
    });

    test("gets 2005 for a room that another page took over meanwhile, and evicts no member", async () => {
      const [ann, bob] = await Promise.all([meet(target()), meet(target())]);
      const room = newRoom();
      const { generation } = await ann.login(room, "loginWhenLast");
      await ann.close();
      await bob.login(room, "loginWhenLast");
      const { page, reply } = await meetAgain(target(), ann, [{ roomId: room, type: "loginWhenLast", generation }]);
      expect(reply.rooms).toMatchObject([{ type: "evicted", data: { code: "2005" }, roomId: room }]);
      await Promise.all([page.settle(), bob.settle()]);
      expect(bob.inbox).toEqual([]);
    });
  });
}

/** Opens a new connection of the same session. */
async function meetAgain(target: Target, { subject, session }: { subject: string; session: string }, rooms: unknown[]) {
  const page = await openPage(target, { sub: subject });
  onTestFinished(() => page.close());
  return { page, reply: await page.hello({ session, rooms }) };
}
