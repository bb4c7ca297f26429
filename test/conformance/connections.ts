import { describe, expect, test } from "vitest";
import { mintToken } from "../../local/host/mint-token.ts";
import { handshakeStatus, meet, newRoom, openPage } from "./page.ts";
import type { Target } from "./target.ts";

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString("base64url");

/** Handshakes, hello, heartbeats, and the end of a connection. */
export function connections(target: () => Target): void {
  describe("a handshake", () => {
    test("is accepted with the token in the query string", async () => {
      const page = await meet(target());
      expect(page.socket.protocol).toBe("");
    });

    test("is accepted with the token as a subprotocol, and chooses ours", async () => {
      const page = await meet(target(), { tokenAs: "subprotocol" });
      expect(page.socket.protocol).toBe("downlink.v1");
    });

    test("is answered 401 without a valid token", async () => {
      const { tokenSecret } = target();
      const claims = { sub: "ann", exp: Math.floor(Date.now() / 1000) + 60 };
      const tokens = {
        absent: "",
        nonsense: "let me in",
        expired: await mintToken(tokenSecret, { sub: "ann", expiresInSeconds: -1 }),
        "of another key": await mintToken(`${tokenSecret}x`, { sub: "ann" }),
        "alg none": `${encode({ alg: "none" })}.${encode(claims)}.`,
        unsigned: `${encode({ alg: "HS256" })}.${encode(claims)}.`,
        "without a subject": await mintToken(tokenSecret, { sub: "" }),
      };
      const statuses = await Promise.all(Object.values(tokens).map((token) => handshakeStatus(target(), { token })));
      expect(Object.fromEntries(Object.keys(tokens).map((name, i) => [name, statuses[i]]))).toEqual(
        Object.fromEntries(Object.keys(tokens).map((name) => [name, 401])),
      );
    });

    test("that is a plain GET is answered 426", async () => {
      const response = await fetch(target().webSocketUrl.replace(/^ws/, "http"));
      expect(response.status).toBe(426);
    });
  });

  describe("hello", () => {
    test("is answered 2001 with a session", async () => {
      const page = await openPage(target());
      expect(await page.hello()).toEqual({
        type: "connected",
        eventName: "connetResp",
        data: { code: "2001", msg: "connect success" },
        session: expect.stringMatching(/^[\w-]{22}$/),
        rooms: [],
      });
      await page.close();
    });

    test("is optional: a page can log in without it, and may not send it later", async () => {
      const page = await openPage(target());
      const room = newRoom();
      expect(await page.login(room)).toMatchObject({ data: { code: "2002" } });
      expect(await page.hello({ session: "late" })).toMatchObject({
        eventName: "connetResp",
        data: { code: "2009", msg: "hello should come before the first login, and with one session only" },
      });
      await page.close();
    });
  });

  describe("a heartbeat", () => {
    test("is answered 2008 with exactly the documented frame", async () => {
      const page = await meet(target());
      page.say({ action: "heartbeat" });
      const { raw } = await page.next();
      expect(raw).toBe('{"type":"heartbeat","eventName":"heartbeatResp","data":{"code":"2008","msg":"alive"}}');
    });
  });

  describe("a frame that API Gateway refuses", () => {
    test("because it is larger than 32 KB ends the connection with 1009, and one of 32 KB does not", async () => {
      const page = await meet(target());
      const frame = (bytes: number) => `{"action":"loginRoom","ref":1,"roomId":"${"r".repeat(bytes - 42)}"}`;
      expect(Buffer.byteLength(frame(32 * 1024))).toBe(32 * 1024);
      page.say(frame(32 * 1024));
      expect((await page.next()).frame).toMatchObject({ type: "loginFailed", data: { code: "2003" }, ref: 1 });
      page.say(frame(32 * 1024 + 1));
      expect(await page.closed).toMatchObject({ code: 1009 });
    });

    test("because it is binary ends the connection with 1003", async () => {
      const page = await meet(target());
      page.socket.send(Buffer.from('{"action":"heartbeat"}'));
      expect(await page.closed).toMatchObject({ code: 1003 });
    });
  });
}
