import { beforeEach, describe, expect, test, vi } from "vitest";
import type { AckCheck } from "../../../lambdas/domain/model/ack-check.ts";
import type { AckCheckDeps } from "../../../lambdas/domain/redelivery/check-room.ts";
import { onAckChecks } from "../../../lambdas/handlers/on-ack-checks.ts";

let printed: string[];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, "error").mockImplementation((line) => void printed.push(JSON.stringify(line)));
});

describe("a batch of looks", () => {
  const record = (messageId: string, body: unknown) => ({
    messageId,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const run = (records: ReturnType<typeof record>[], check: (check: AckCheck) => Promise<void>) =>
    onAckChecks(
      () => ({}) as AckCheckDeps,
      (_, each) => check(each),
    )({ Records: records });

  test("is done when all are", async () => {
    const checks: AckCheck[] = [];
    const records = [
      record("a", { kind: "room", roomId: "1", hop: 0 }),
      record("b", { kind: "room", roomId: "2", hop: 3 }),
    ];
    expect(await run(records, async (check) => void checks.push(check))).toEqual({ batchItemFailures: [] });
    expect(checks).toEqual([
      { kind: "room", roomId: "1", hop: 0 },
      { kind: "room", roomId: "2", hop: 3 },
    ]);
  });

  test("gives back those that failed and no other, and says why without the room", async () => {
    const records = [
      record("a", { kind: "room", roomId: "private", hop: 0 }),
      record("b", "{"),
      record("c", { kind: "room", roomId: "3", hop: 0 }),
    ];
    const done: string[] = [];
    const result = await run(records, async ({ roomId }) => {
      if (roomId === "private") throw new Error("throttled");
      done.push(roomId);
    });
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: "a" }, { itemIdentifier: "b" }] });
    expect(done).toEqual(["3"]);
    expect(printed).toHaveLength(2);
    expect(printed.join()).toContain("throttled");
    expect(printed.join()).not.toContain("private");
  });

  test("fails whole, look by look, where the function is not set up", async () => {
    const broken = () => {
      throw new Error("EVENT_BUS_NAME is not set");
    };
    const result = await onAckChecks(broken, async () => {})({
      Records: [record("a", { kind: "room", roomId: "1", hop: 0 })],
    });
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: "a" }] });
  });
});
