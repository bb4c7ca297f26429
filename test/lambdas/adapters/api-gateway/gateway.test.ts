import { ApiGatewayManagementApiClient, GetConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { mockClient } from "aws-sdk-client-mock";
import { afterAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { apiGateway } from "../../../../lambdas/adapters/api-gateway/gateway.ts";
import { openStub } from "../http1/stub-server.ts";

const noPost = () => Promise.reject(new Error("nothing is posted here"));

describe("whether a connection is open", () => {
  const api = mockClient(ApiGatewayManagementApiClient);
  beforeEach(() => api.reset());
  afterAll(() => api.restore());

  /** A response of API Gateway as the SDK throws it. */
  const responded = (status: number) =>
    Object.assign(new Error(`status ${status}`), { $metadata: { httpStatusCode: status } });
  const timedOut = Object.assign(new Error("too late"), { name: "TimeoutError" });
  const noConnection = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED", $metadata: {} });
  const { isOpen } = apiGateway(new ApiGatewayManagementApiClient({ region: "us-east-1" }), noPost);

  test.each([
    ["200", "ok" as const, true],
    ["410", responded(410), false],
    ["429, which proves nothing", responded(429), true],
    ["500", responded(500), true],
    ["no response in time", timedOut, true],
    ["no connection", noConnection, true],
  ])("with %s: %3$s", async (_, given, expected) => {
    const stub = api.on(GetConnectionCommand);
    if (given instanceof Error) stub.rejects(given);
    else stub.resolves({});
    expect(await isOpen("abc=")).toBe(expected);
  });

  test.each([400, 403])("throws on %i, which is an error of the caller", async (status) => {
    api.on(GetConnectionCommand).rejects(responded(status));
    await expect(isOpen("abc=")).rejects.toThrow(`status ${status}`);
  });
});

// API Gateway was observed to send a 410 without the header that names the error.
test.each([
  ["without a name", ""],
  ["with a name", "x-amzn-errortype: GoneException\r\n"],
  ["with a page of HTML", "content-type: text/html\r\n"],
])("a 410 %s means that a connection has ended", async (_, header) => {
  const { url } = await openStub(() => `HTTP/1.1 410 Gone\r\n${header}content-length: 6\r\n\r\n<html>`);
  const client = new ApiGatewayManagementApiClient({
    endpoint: `${url.href}socket`,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
  });
  onTestFinished(() => client.destroy());
  expect(await apiGateway(client, noPost).isOpen("abc=")).toBe(false);
});
