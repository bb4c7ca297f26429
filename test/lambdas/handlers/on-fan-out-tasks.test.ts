import { beforeEach, describe, expect, test, vi } from "vitest";
import type { FanOutDeps } from "../../../lambdas/domain/fan-out/run-task.ts";
import type { FanOutTask } from "../../../lambdas/domain/model/fan-out-task.ts";
import { onTasks } from "../../../lambdas/handlers/on-fan-out-tasks.ts";

let printed: string[];
beforeEach(() => {
  printed = [];
  vi.spyOn(console, "error").mockImplementation((line) => void printed.push(JSON.stringify(line)));
});

const task = (taskId: string): FanOutTask => ({
  ...{ roomId: "private-room", messageId: "m", text: '{"data":"secret"}', taskId, to: { index: 0, of: 2 }, hop: 0 },
});
const record = (messageId: string, body: unknown = task(messageId)) => ({
  messageId,
  body: typeof body === "string" ? body : JSON.stringify(body),
});
type Run = Parameters<typeof onTasks>[1];
const handle = (records: ReturnType<typeof record>[], run: Run) =>
  onTasks(() => ({}) as FanOutDeps, run)({ Records: records });
const back = (...ids: string[]) => ({ batchItemFailures: ids.map((itemIdentifier) => ({ itemIdentifier })) });

describe("a batch of tasks", () => {
  test("is done when all are, each as it was ordered", async () => {
    const ran: FanOutTask[] = [];
    const result = await handle([record("a"), record("b")], async (_, each) => {
      ran.push(each);
      return "done";
    });
    expect(result).toEqual(back());
    expect(ran).toEqual([task("a"), task("b")]);
  });

  test("gives back what somebody else works at, quietly: it is nobody's failure, and that worker may die", async () => {
    const result = await handle([record("a"), record("b")], async (_, { taskId }) =>
      taskId === "a" ? "taken" : "done",
    );
    expect(result).toEqual(back("a"));
    expect(printed).toEqual([]);
  });

  test("gives back what failed, and does the others", async () => {
    const ran: string[] = [];
    const result = await handle([record("a"), record("b"), record("c")], async (_, { taskId }) => {
      if (taskId === "b") throw new Error("throttled");
      ran.push(taskId);
      return "done";
    });
    expect(result).toEqual(back("b"));
    expect(ran).toEqual(["a", "c"]);
    expect(printed).toHaveLength(1);
    expect(printed[0]).toContain("throttled");
  });

  test("gives back what throws at once, or cannot be read", async () => {
    const result = await handle([record("a"), record("b", "secret"), record("c")], (_, { taskId }) => {
      if (taskId === "a") throw new Error("broken");
      return Promise.resolve("done");
    });
    expect(result).toEqual(back("a", "b"));
  });

  test("goes back whole where the function is not set up", async () => {
    const deps = () => {
      throw new Error("FAN_OUT_QUEUE_URL is not set");
    };
    expect(await onTasks(deps, async () => "done")({ Records: [record("a"), record("b")] })).toEqual(back("a", "b"));
  });

  test("says why, and neither the room nor what was pushed", async () => {
    const fail = async () => Promise.reject(new Error("throttled"));
    const cut = JSON.stringify(task("b")).slice(0, -20);
    await handle([record("a"), record("b", cut), record("c", '"secret'), record("d", "secret private-room")], fail);
    expect(printed).toHaveLength(4);
    for (const line of printed) expect(line).not.toMatch(/secret|private-room/);
  });
});
