import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ConsoleServer, createConsoleServer } from "../../../local/host/console-server.ts";

const endpoints = { apiKey: "the-key" };
const page: ConsoleServer = createConsoleServer(fileURLToPath(new URL("../../../console", import.meta.url)), endpoints);
const server = createServer((request, response) => void page.handleRequest(request, response));

beforeAll(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await page.close();
});

/** Requests `/endpoints.json` under a host name. */
function getEndpoints(host: string): Promise<{ status: number | undefined; body: string }> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    get({ port, host: "127.0.0.1", path: "/endpoints.json", headers: { host } }, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode, body }), reject);
    }).on("error", reject);
  });
}

test("the page gets addresses and keys at /endpoints.json", async () => {
  const { status, body } = await getEndpoints("localhost");
  expect([status, JSON.parse(body)]).toEqual([200, endpoints]);
});

test("a site whose name resolves to this machine gets no keys: Vite checks the host name first", async () => {
  const { status, body } = await getEndpoints("evil.example");
  expect(status).toBe(403);
  expect(body).not.toContain(endpoints.apiKey);
});
