import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { ApiGatewayManagementApiClient } from "@aws-sdk/client-apigatewaymanagementapi";
import { afterEach, expect, onTestFinished, test, vi } from "vitest";
import { gatewayVia } from "../../../lambdas/adapters/gateway.ts";

afterEach(() => vi.restoreAllMocks());

/** The SDK itself in front of a server that answers as `listener` does. */
async function realGateway(listener: RequestListener) {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  const client = new ApiGatewayManagementApiClient({
    endpoint: `http://127.0.0.1:${port}/socket`,
    region: "us-east-1",
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    maxAttempts: 1,
  });
  onTestFinished(async () => {
    client.destroy();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  });
  return gatewayVia(client);
}

// API Gateway was seen to send a 410 without the header that names it.
test.each([
  ["without a name", {}, ""],
  ["with one", { "x-amzn-errortype": "GoneException" }, ""],
  ["with a page of HTML", { "content-type": "text/html" }, "<html>"],
])("a 410 %s is one", async (_, headers, body) => {
  const { post, isOpen } = await realGateway((_request, response) => response.writeHead(410, headers).end(body));
  expect(await post("abc=", "{}")).toBe("gone");
  expect(await isOpen("abc=")).toBe(false);
});

test("what is never answered is given up after three seconds", async () => {
  const timeout = AbortSignal.timeout;
  const asked: number[] = [];
  vi.spyOn(AbortSignal, "timeout").mockImplementation((ms) => {
    asked.push(ms);
    return timeout.call(AbortSignal, 50);
  });
  let requests = 0;
  const { post, isOpen } = await realGateway(() => {
    requests += 1;
  });
  expect(await post("abc=", "{}")).toBe("unknown");
  expect(await isOpen("abc=")).toBe(true);
  expect(asked).toEqual([3_000, 3_000]);
  expect(requests).toBe(2);
});

test("the connection's id is part of the path as API Gateway wants it", async () => {
  const paths: (string | undefined)[] = [];
  const { post } = await realGateway((request, response) => {
    paths.push(`${request.method} ${request.url}`);
    response.end();
  });
  expect(await post("a_B-c9=", "{}")).toBe("sent");
  expect(paths).toEqual(["POST /socket/@connections/a_B-c9%3D"]);
});
