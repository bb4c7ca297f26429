import { afterEach, expect, test, vi } from "vitest";
import { pageIn456, until } from "./support/payload-server.ts";

const script = "../../client/transport/payload-fetcher.ts";
const loseScript = () =>
  vi.doMock(script, () => {
    throw new Error("Failed to fetch dynamically imported module");
  });
afterEach(() => void vi.doUnmock(script));

test("a script that could not be loaded is loaded again after five seconds, and the payload comes in its place", async () => {
  loseScript();
  const { server, heard, small, large, pass } = await pageIn456();
  await large(1);
  await small(2);
  await pass(4_500);
  expect([heard, server.fetched]).toEqual([[], []]);
  vi.doUnmock(script);
  await pass(1_000);
  await until(() => heard.length === 2);
  expect(heard).toEqual([1, 2]);
  expect(server.fetched).toHaveLength(1);
});

test.each(["close", "disconnect"] as const)("is not waited for any more after %s()", async (end) => {
  loseScript();
  const { server, handle, large, pass } = await pageIn456();
  await large(1);
  await pass(500);
  handle[end]();
  expect(server.clock.running).toBe(0);
});
