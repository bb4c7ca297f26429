import { afterEach, expect, test, vi } from "vitest";
import { pageIn456, until } from "./support/payload-server.ts";

const script = "../../client/transport/payload-fetcher.ts";
const loseScript = () =>
  vi.doMock(script, () => {
    throw new Error("Failed to fetch dynamically imported module");
  });
afterEach(() => void vi.doUnmock(script));

test("after a failure the payload script is loaded again after five seconds, and the payload arrives in order", async () => {
  loseScript();
  const { server, received, small, large, pass } = await pageIn456();
  await large(1);
  await small(2);
  await pass(4_500);
  expect([received, server.fetched]).toEqual([[], []]);
  vi.doUnmock(script);
  await pass(1_000);
  await until(() => received.length === 2);
  expect(received).toEqual([1, 2]);
  expect(server.fetched).toHaveLength(1);
});

test.each(["close", "disconnect"] as const)("loading the payload script ends with %s()", async (end) => {
  loseScript();
  const { server, handle, large, pass } = await pageIn456();
  await large(1);
  await pass(500);
  handle[end]();
  expect(server.clock.running).toBe(0);
});
