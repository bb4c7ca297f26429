import { expect, onTestFinished, test } from "vitest";
import { runInChild } from "../../bench/run-in-child.ts";

const file = new URL("../../bench/small-push/push-process.ts", import.meta.url);

test("a child answers each request", async () => {
  const child = runInChild(file, "control");
  onTestFinished(() => child.stop());
  expect(await child.request<number>(3)).toBeGreaterThan(0);
  expect(await child.request<number>(2)).toBeGreaterThan(0);
});

test("a child that ends without a response is an error", async () => {
  const child = runInChild(file, "no such push", { silent: true });
  onTestFinished(() => child.stop());
  await expect(child.request(1)).rejects.toThrow("push-process.ts ended before it reported a result");
});
