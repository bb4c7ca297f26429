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

const gateway = () => gatewayVia(new ApiGatewayManagementApiClient({ region: "us-east-1" }));

function answer(given: Error | "ok") {
  if (given === "ok") api.on(PostToConnectionCommand).resolves({});
  else api.on(PostToConnectionCommand).rejects(given);
}
const posts = () => api.commandCalls(PostToConnectionCommand);

describe("a post", () => {
  test("sends the frame as it is to that connection", async () => {
    answer("ok");
    expect(await gateway().post("abc=", '{"a":"ü"}')).toBe("sent");
    expect(posts().map(({ args: [{ input }] }) => input)).toEqual([{ ConnectionId: "abc=", Data: '{"a":"ü"}' }]);
  });

  test.each([
    ["410", answered(410), "gone"],
    ["429", answered(429), "slow"],
    ["500", answered(500), "failed"],
    ["503", answered(503), "failed"],
    ["no line", noLine(), "failed"],
    ["no answer in time", timedOut(), "unknown"],
  ])("answered with %s is %3$s after one attempt", async (_, given, outcome) => {
    answer(given);
    expect(await gateway().post("abc=", "{}")).toBe(outcome);
    expect(posts()).toHaveLength(1);
  });

  test.each([400, 403, 413])(
    "that is answered %i is a mistake of ours: thrown, and not tried again",
    async (status) => {
      answer(answered(status));
      await expect(gateway().post("abc=", "{}")).rejects.toThrow(`status ${status}`);
      expect(posts()).toHaveLength(1);
    },
  );

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
