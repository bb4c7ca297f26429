import {
  ApiGatewayManagementApiClient,
  GetConnectionCommand,
  PostToConnectionCommand,
} from "@aws-sdk/client-apigatewaymanagementapi";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, describe, expect, test } from "vitest";
import { gatewayVia } from "../../../lambdas/adapters/gateway.ts";

const api = mockClient(ApiGatewayManagementApiClient);
beforeEach(() => api.reset());

/** An answer of API Gateway as the SDK throws it. */
const answered = (status: number) =>
  Object.assign(new Error(`status ${status}`), { $metadata: { httpStatusCode: status } });
const timedOut = () => Object.assign(new Error("too late"), { name: "TimeoutError" });
const noLine = () => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", $metadata: {} });

function gateway(random = () => 0.5) {
  const waitsMs: number[] = [];
  const wait = async (ms: number) => void waitsMs.push(ms);
  return { waitsMs, ...gatewayVia(new ApiGatewayManagementApiClient({ region: "us-east-1" }), { wait, random }) };
}

/** Each call gets the next answer; the last one stays. */
function answer(...answers: (Error | "ok")[]) {
  let stub = api.on(PostToConnectionCommand);
  for (const each of answers.slice(0, -1)) stub = each === "ok" ? stub.resolvesOnce({}) : stub.rejectsOnce(each);
  const last = answers.at(-1);
  if (last instanceof Error) stub.rejects(last);
  else stub.resolves({});
}
const posts = () => api.commandCalls(PostToConnectionCommand);

describe("a post", () => {
  test("sends the frame as it is to that connection", async () => {
    answer("ok");
    expect(await gateway().post("abc=", '{"a":"ü"}')).toBe("sent");
    expect(posts().map(({ args: [{ input }] }) => input)).toEqual([{ ConnectionId: "abc=", Data: '{"a":"ü"}' }]);
  });

  test.each([
    ["410", [answered(410)], "gone", 1],
    ["429 for ever", [answered(429)], "slow", 4],
    ["429, then taken", [answered(429), "ok" as const], "sent", 2],
    ["429, then gone", [answered(429), answered(410)], "gone", 2],
    ["500 for ever", [answered(500)], "unknown", 4],
    ["503, then taken", [answered(503), "ok" as const], "sent", 2],
    ["500, 429, 500, then taken", [answered(500), answered(429), answered(500), "ok" as const], "sent", 4],
    ["no answer in time: a second post might be a second message", [timedOut()], "unknown", 1],
    ["429, then no answer", [answered(429), timedOut()], "unknown", 2],
    ["no line, then taken", [noLine(), "ok" as const], "sent", 2],
    ["no line for ever", [noLine()], "unknown", 4],
  ])("answered with %s ends %3$s after %4$i tries", async (_, answers, outcome, tries) => {
    answer(...answers);
    expect(await gateway().post("abc=", "{}")).toBe(outcome);
    expect(posts()).toHaveLength(tries);
  });

  test.each([400, 403, 413])(
    "that is answered %i is a mistake of ours: thrown, and not tried again",
    async (status) => {
      answer(answered(status));
      await expect(gateway().post("abc=", "{}")).rejects.toThrow(`status ${status}`);
      expect(posts()).toHaveLength(1);
    },
  );

  test.each([
    [0, [0, 0, 0]],
    [0.5, [100, 200, 400]],
    [0.999, [199.8, 399.6, 799.2]],
  ])("waits at random before another try, longer each time (random %d)", async (random, waitsMs) => {
    answer(answered(429));
    const { post, waitsMs: waited } = gateway(() => random);
    await post("abc=", "{}");
    expect(waited.map((ms) => Math.round(ms * 10) / 10)).toEqual(waitsMs);
  });

  test("does not hold the next one up", async () => {
    api.on(PostToConnectionCommand, { ConnectionId: "a=" }).rejects(answered(410));
    api.on(PostToConnectionCommand, { ConnectionId: "b=" }).resolves({});
    const { post } = gateway();
    expect(await Promise.all([post("a=", "{}"), post("b=", "{}")])).toEqual(["gone", "sent"]);
  });
});

describe("whether a connection is open", () => {
  test.each([
    ["200", "ok" as const, true],
    ["410", answered(410), false],
    ["429: in doubt nobody loses a place", answered(429), true],
    ["500", answered(500), true],
    ["no answer in time", timedOut(), true],
    ["no line", noLine(), true],
  ])("with %s: %3$s", async (_, given, isOpen) => {
    const stub = api.on(GetConnectionCommand);
    if (given instanceof Error) stub.rejects(given);
    else stub.resolves({});
    expect(await gateway().isOpen("abc=")).toBe(isOpen);
  });

  test.each([400, 403])("cannot be told from %i, a mistake of ours", async (status) => {
    api.on(GetConnectionCommand).rejects(answered(status));
    await expect(gateway().isOpen("abc=")).rejects.toThrow(`status ${status}`);
  });
});
