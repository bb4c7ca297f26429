import { expect, test } from "vitest";
import { noFaults } from "../../../local/world/faults.ts";
import { createInvocations } from "../../../local/world/invocations.ts";

test("concurrent and later calls of a killed function get no response", async () => {
  const faults = noFaults();
  const invocations = createInvocations(faults);
  const served: string[] = [];
  const { promise: firstEnds, resolve: endFirst } = Promise.withResolvers<void>();
  const { trace, end } = invocations.begin("Function", {}, () => end("failed"));
  const call = (name: string, until?: Promise<void>) =>
    invocations.serve(trace, name, async () => {
      await until;
      served.push(name);
      return name;
    });

  faults.crashAt("Function", 2, "after");
  const first = call("first", firstEnds);
  expect(await call("second")).toBeUndefined();
  expect(await call("third")).toBeUndefined();
  endFirst();
  expect(await first).toBeUndefined();
  expect(served).toEqual(["second", "first"]);
  expect(invocations.all).toMatchObject([{ calls: ["first", "second"], outcome: "failed" }]);
});

test("a call without an invocation is served", async () => {
  const invocations = createInvocations(noFaults());
  expect(await invocations.serve(undefined, "dynamodb:Scan", async () => "served")).toBe("served");
  expect(invocations.all).toEqual([]);
});
