import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Look } from "../../../lambdas/domain/model/ack-check.ts";
import type { LookDeps } from "../../../lambdas/domain/redelivery/check-room.ts";
import { onLooks } from "../../../lambdas/handlers/on-ack-checks.ts";

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
  const run = (records: ReturnType<typeof record>[], look: (look: Look) => Promise<void>) =>
    onLooks(
      () => ({}) as LookDeps,
      (_, each) => look(each),
    )({ Records: records });

  test("is done when all are", async () => {
    const looks: Look[] = [];
    const records = [record("a", { roomId: "1", round: 0 }), record("b", { roomId: "2", round: 3 })];
    expect(await run(records, async (look) => void looks.push(look))).toEqual({ batchItemFailures: [] });
    expect(looks).toEqual([
      { roomId: "1", round: 0 },
      { roomId: "2", round: 3 },
    ]);
  });

  test("gives back those that failed and no other, and says why without the room", async () => {
    const records = [
      record("a", { roomId: "private", round: 0 }),
      record("b", "{"),
      record("c", { roomId: "3", round: 0 }),
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
    const result = await onLooks(broken, async () => {})({ Records: [record("a", { roomId: "1", round: 0 })] });
    expect(result).toEqual({ batchItemFailures: [{ itemIdentifier: "a" }] });
  });
});
