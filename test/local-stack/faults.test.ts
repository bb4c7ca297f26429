import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { realClock } from "../../local/world/clock.ts";
import { noFaults } from "../../local/world/faults.ts";
import { handshakeStatus, meet, newRoom, openPage, type PageOptions, type RawPage } from "../conformance/page.ts";
import { push, pushOk } from "../conformance/target.ts";
import { all, propertiesOf, setVariable } from "./edit-template.ts";
import { type LocalTarget, startTarget } from "./local-target.ts";

// Behaviour that only the local stack can show: dead connections, lost posts, stacks with other settings.

let target: LocalTarget;
beforeAll(async () => {
  target = await startTarget({ maxEnvironments: 4 });
});
afterAll(() => target.close());

/** Switches faults on until the test ends. */
function withFaults(faults: Partial<LocalTarget["faults"]>): void {
  Object.assign(target.faults, faults);
  onTestFinished(() => void Object.assign(target.faults, noFaults()));
}

const connectionIdOf = async (page: RawPage): Promise<string> => {
  const rows = (await target.rows()) as { connectionId: string; subject?: string; grants?: unknown }[][];
  const row = rows.flat().find(({ subject, grants }) => grants !== undefined && subject === page.subject);
  if (!row) throw new Error(`${page.subject} has no connection`);
  return row.connectionId;
};
/** Opens a page whose `hello` says that it answers probes. */
async function meetProbed(options?: PageOptions): Promise<RawPage> {
  const page = await openPage(target, options);
  onTestFinished(() => page.close());
  await page.hello({ probe: true });
  return page;
}

describe("a stale connection", () => {
  test("does not block a room after its $disconnect was lost", async () => {
    const [ann, bob] = await Promise.all([meet(target), meet(target)]);
    const room = newRoom();
    await ann.login(room);
    withFaults({ lostDisconnects: 1 });
    await ann.close();
    expect(await bob.login(room)).toMatchObject({ data: { code: "2002" } });
    await pushOk(target, { roomId: room, eventName: "test", data: 1 });
    expect((await bob.message()).frame.data).toBe(1);
  });

  test("that is half-open does not answer the probe and loses its membership", async () => {
    const [ann, bob] = await Promise.all([meetProbed(), meet(target)]);
    const room = newRoom();
    await ann.login(room);
    withFaults({ halfOpen: new Set([await connectionIdOf(ann)]) });
    expect(await bob.login(room)).toMatchObject({ data: { code: "2002" } });
    expect(ann.inbox).toEqual([]);
  });

  test("is not assumed if the page answers the probe: the room stays occupied", async () => {
    const [ann, bob] = await Promise.all([meetProbed(), meet(target)]);
    const room = newRoom();
    await ann.login(room);
    const login = bob.login(room);
    const { frame } = await ann.next();
    expect(frame).toMatchObject({ type: "probe", nonce: expect.any(String) });
    ann.say({ action: "here", nonce: frame.nonce });
    expect(await login).toMatchObject({ data: { code: "2004" } });
  });

  test("of a client without probes keeps its membership while API Gateway reports it as open", async () => {
    const [ann, bob] = await Promise.all([meet(target), meet(target)]);
    const room = newRoom();
    await ann.login(room);
    withFaults({ halfOpen: new Set([await connectionIdOf(ann)]) });
    expect(await bob.login(room)).toMatchObject({ data: { code: "2004" } });
  });

  test("does not block its own session, which resumes its membership at once", async () => {
    const [ann, bob] = await Promise.all([meet(target), meet(target)]);
    const room = newRoom();
    const { generation } = await ann.login(room);
    withFaults({ halfOpen: new Set([await connectionIdOf(ann)]) });
    const back = await openPage(target, { sub: ann.subject });
    onTestFinished(() => back.close());
    const reply = await back.hello({ session: ann.session, rooms: [{ roomId: room, generation }] });
    expect(reply.rooms).toMatchObject([{ type: "loggedIn", data: { code: "2002" } }]);
    expect(await bob.login(room)).toMatchObject({ data: { code: "2004" } });
    await pushOk(target, { roomId: room, eventName: "test", data: 1 });
    expect((await back.message()).frame.data).toBe(1);
  });

  test("is pruned by the first push whose post is answered 410", async () => {
    const ann = await openPage(target);
    const room = newRoom();
    await ann.login(room);
    withFaults({ lostDisconnects: 1 });
    await ann.close();
    expect(JSON.stringify(await target.rows())).toContain(ann.subject);
    await pushOk(target, { roomId: room, eventName: "test", data: 1 });
    expect(JSON.stringify(await target.rows())).not.toContain(ann.subject);
  });
});

describe("a push that fails for one member", () => {
  const roomOfTwo = async () => {
    const [ann, bob] = await Promise.all([meet(target), meet(target)]);
    const room = newRoom();
    await ann.login(room, "loginWhenever");
    await bob.login(room, "loginWhenever");
    const id = await connectionIdOf(ann);
    return {
      ann,
      bob,
      isAnn: (connectionId: string) => connectionId === id,
      message: { roomId: room, eventName: "test", data: 1 },
    };
  };

  test.each(["hangingPosts", "throttledPosts", "failingPosts", "lostPosts"] as const)(
    "(%s) is accepted, reaches the other member, and ends no membership",
    async (fault) => {
      const { ann, bob, isAnn, message } = await roomOfTwo();
      withFaults({ [fault]: isAnn });
      const accepted = pushOk(target, message);
      expect((await bob.message()).frame.data).toBe(1);
      await accepted;
      withFaults({ [fault]: 0 });
      await pushOk(target, { ...message, data: 2 });
      expect((await ann.message()).frame.data).toBe(2);
    },
  );

  test("(a 410 although the message arrived) shows the message once and ends no membership", async () => {
    const { ann, bob, isAnn, message } = await roomOfTwo();
    withFaults({ goneButDelivered: isAnn });
    await pushOk(target, message);
    await pushOk(target, { ...message, data: 2 });
    for (const page of [ann, bob]) {
      expect([(await page.message()).frame.data, (await page.message()).frame.data]).toEqual([1, 2]);
      await page.settle();
      expect(page.inbox).toEqual([]);
    }
  });
});

describe("a stack with other settings", () => {
  const start = async (options: Parameters<typeof startTarget>[0]) => {
    const other = await startTarget({ maxEnvironments: 2, ...options });
    onTestFinished(() => other.close());
    return other;
  };

  test("with a limit of one push per second answers the second push 429 9001 and writes nothing for it", async () => {
    // The clock stands still, so that exactly one push is allowed.
    const startedAt = Date.now();
    const throttled = await start({
      clock: { ...realClock, now: () => startedAt },
      edit: (template) => {
        propertiesOf(template, "AWS::ApiGateway::UsagePlan").Throttle = { RateLimit: 1, BurstLimit: 1 };
      },
    });
    const message = { roomId: "456", eventName: "test", data: 1 };
    expect(await push(throttled, message)).toMatchObject({ status: 200 });
    const before = await throttled.rows();
    expect(await push(throttled, message)).toMatchObject({
      status: 429,
      contentType: "application/json",
      answer: { code: "9001", msg: expect.stringContaining("again") },
    });
    expect(await throttled.rows()).toEqual(before);
  });

  test("whose Lambda functions cannot run still answers heartbeats, which need none", async () => {
    const broken = await start({
      edit: (template) => {
        all(setVariable("socket", "ROOMS_TABLE", undefined))(template);
        const isConnect = ({ Properties }: { Properties?: Record<string, unknown> }) =>
          Properties?.RouteKey === "$connect";
        const connect = Object.values(template.Resources).find(isConnect)?.Properties;
        // A route without an integration accepts the connection.
        for (const name of ["Target", "AuthorizerId"]) delete connect?.[name];
        Object.assign(connect ?? {}, { AuthorizationType: "NONE" });
      },
    });
    const page = await openPage(broken);
    onTestFinished(() => page.close());
    await page.settle();
    page.say({ action: "hello" });
    expect((await page.next()).frame).toMatchObject({ message: "Internal server error" });
    await page.settle();
  });

  test("with a list of origins answers pages of other origins 403, and accepts programs by their token", async () => {
    const guarded = await start({ edit: setVariable("authorize", "ALLOWED_ORIGINS", "https://app.example.com") });
    const statusFrom = (origin?: string) =>
      handshakeStatus(guarded, origin === undefined ? {} : { socket: { origin } });
    expect(await statusFrom("https://app.example.com")).toBe(101);
    expect(await statusFrom("https://evil.example")).toBe(403);
    expect(await statusFrom("null")).toBe(403);
    expect(await statusFrom()).toBe(101);
    expect(await handshakeStatus(guarded, { token: "", socket: { origin: "https://app.example.com" } })).toBe(401);
  });
});

test("the logs contain no pushed data, token, session or key", async () => {
  const secret = "do-not-print-me";
  const ann = await meet(target);
  const room = newRoom();
  await ann.login(room);
  withFaults({ failingPosts: 1 });
  await push(target, { roomId: room, eventName: "test", data: secret });
  await push(target, { roomId: room, eventName: "test" });
  const printed = target.logs.lines.map(({ text }) => text).join("\n");
  for (const hidden of [secret, ann.session, target.tokenSecret, target.apiKey]) expect(printed).not.toContain(hidden);
});
