import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { SocketHandle } from "../../../client/index.ts";
import { type Local, startLocal } from "../../../local/host/runtime.ts";
import type { TemplateResource } from "../../../local/template/assembly.ts";

let local: Local;
let redeliver = "";
let push = "";
beforeAll(async () => {
  local = await startLocal({
    edit: ({ Resources }) => {
      for (const { Properties } of Object.values(Resources) as TemplateResource[]) {
        const { Variables } = (Properties?.Environment ?? {}) as { Variables?: Record<string, unknown> };
        if (Variables?.REDELIVER_AFTER_SECONDS) Variables.REDELIVER_AFTER_SECONDS = "1";
      }
    },
  });
  const ids = local.stack.ofType("AWS::Lambda::Function").map(({ logicalId }) => logicalId);
  const idOf = (name: string) => ids.find((id) => id.includes(name)) ?? "";
  redeliver = idOf("RedeliveryRedeliver");
  push = idOf("PushApiPush");
});
afterAll(() => local.close());

const headers = () => ({ "x-api-key": local.apiKey, "content-type": "application/json" });
const pushed = async (body: unknown) => {
  const response = await fetch(`${local.restUrl}/push`, {
    method: "POST",
    headers: headers(),
    body: JSON.stringify(body),
  });
  return { status: response.status, ...((await response.json()) as { messageId?: string; code: string }) };
};

/** A page in the room that announces acks but never sends one. */
async function openSilentPage(roomId: string) {
  const token = await local.mintToken({ sub: "ann", rooms: ["*"] });
  const socket = new WebSocket(`${local.webSocketUrl}?token=${token}`);
  const frames: { type: string; messageId?: string }[] = [];
  socket.on("message", (data) => frames.push(JSON.parse(String(data))));
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  socket.send(JSON.stringify({ action: "hello", acks: true, rooms: [{ roomId }] }));
  await expect.poll(() => frames.length).toBe(1);
  return { socket, frames };
}

test("a port in use is reported before anything else starts", async () => {
  const port = Number(new URL(local.restUrl).port);
  await expect(startLocal({ port, assembly: "no-such-folder" })).rejects.toThrow(`port ${port} is in use`);
});

describe("the REST API of the template", () => {
  test("GET /push/{messageId} returns the status of a push", async () => {
    const { messageId } = await pushed({ roomId: "1", eventName: "test", data: 1 });
    const response = await fetch(`${local.restUrl}/push/${messageId}`, { headers: headers() });
    expect([response.status, await response.json()]).toMatchObject([200, { code: "0000" }]);
    expect(await fetch(`${local.restUrl}/push/${messageId}`)).toMatchObject({ status: 403 });
  });

  test("GET /push/{messageId} accepts the id of a published message, encoded or not", async () => {
    const handle = new SocketHandle({
      url: local.webSocketUrl,
      token: await local.mintToken({ sub: "ann ü", rooms: ["*"], publish: ["*"] }),
    });
    onTestFinished(() => handle.close());
    await handle.loginRoom("1");
    const { messageId } = await handle.publish("1", "test", 1, { clientMessageId: "c-1", qos: 0 });
    for (const inPath of [messageId, encodeURIComponent(messageId)]) {
      const response = await fetch(`${local.restUrl}/push/${inPath}`, { headers: headers() });
      expect([response.status, await response.json()]).toMatchObject([200, { messageId }]);
    }
  });

  test("a preflight for GET /poll allows every origin", async () => {
    const preflight = await fetch(`${local.restUrl}/poll?session=x`, {
      method: "OPTIONS",
      headers: {
        origin: "https://page.example.com",
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-methods")).toContain("GET");
    expect(preflight.headers.get("access-control-allow-headers")).toContain("Authorization");
  });

  test("GET /poll accepts a page with a token, and rejects a page without one", async () => {
    const rooms = encodeURIComponent(JSON.stringify([{ roomId: "1" }]));
    const url = `${local.restUrl}/poll?rooms=${rooms}`;
    const token = await local.mintToken({ sub: "ann", rooms: ["*"] });
    const response = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    expect([response.status, await response.json()]).toMatchObject([
      200,
      { data: { code: "2001" }, session: expect.any(String) },
    ]);
    expect((await fetch(url)).status).toBe(401);
  });
});

describe("redelivery of the template", () => {
  test("a push schedules an ack check, which redelivers a message that was not acked", async () => {
    const { socket, frames } = await openSilentPage("456");
    const { messageId } = await pushed({ roomId: "456", eventName: "test", data: 1 });
    const ackChecks = () => local.invocations.filter(({ functionId }) => functionId === redeliver);
    await expect.poll(() => JSON.stringify(frames).split(String(messageId)).length, { timeout: 15_000 }).toBe(3);
    expect(ackChecks()[0]?.calls).toContain("execute-api:POST");
    socket.close();
  });

  test("a scheduled ack check is delayed in its queue", async () => {
    const { socket } = await openSilentPage("6");
    await pushed({ roomId: "6", eventName: "test", data: 1 });
    const [queue] = local.stack.ofType("AWS::SQS::Queue").filter(({ properties }) => properties.RedrivePolicy);
    const AttributeNames = ["VisibilityTimeout", "ApproximateNumberOfMessagesDelayed"];
    const { body } = await local.queue(queue?.logicalId ?? "").request("GetQueueAttributes", { AttributeNames });
    const { Attributes } = JSON.parse(body);
    expect(Attributes.VisibilityTimeout).toBe("180");
    expect(Number(Attributes.ApproximateNumberOfMessagesDelayed)).toBeGreaterThan(0);
    socket.close();
  });

  test("a push can be killed at each of its calls", async () => {
    const { socket } = await openSilentPage("7");
    const pushAgain = (data: unknown) => pushed({ roomId: "7", eventName: "test", data });
    await pushAgain("before");
    const { calls = [] } = local.invocations.findLast(({ functionId }) => functionId === push) ?? {};
    expect(calls).toContain("sqs:SendMessage");
    for (const [index, name] of calls.slice(0, 3).entries()) {
      const point = local.faults.crashAt(push, index + 1, "before");
      expect([name, await pushAgain(name)]).toMatchObject([name, { code: "9002" }]);
      expect(point.struck).toBe(true);
    }
    expect(await pushAgain("after")).toMatchObject({ code: "0000" });
    socket.close();
  });
});

test("all faults can be shares at the same time, and change while the stack runs", async () => {
  const { faults } = local;
  const names = [
    ...(["lostDisconnects", "throttledPosts", "failingPosts", "goneButDelivered", "lostPosts"] as const),
    ...(["slowPosts", "duplicatedMessages", "crashes"] as const),
  ];
  let seed = 1;
  faults.random = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  faults.slowPostMs = 1;
  const { socket } = await openSilentPage("8");
  for (const name of names) faults[name] = 0.1;
  for (let n = 0; n < 10; n += 1) await pushed({ roomId: "8", eventName: "test", data: n });
  for (const name of names) faults[name] = 0;
  expect(await pushed({ roomId: "8", eventName: "test", data: "last" })).toMatchObject({ code: "0000" });
  socket.close();
});
