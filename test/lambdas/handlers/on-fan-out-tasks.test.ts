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
  test("succeeds when all tasks succeed, each with its own body", async () => {
    const ran: FanOutTask[] = [];
    const result = await handle([record("a"), record("b")], async (_, each) => {
      ran.push(each);
      return "done";
    });
    expect(result).toEqual(back());
    expect(ran).toEqual([task("a"), task("b")]);
  });

  test("returns a task that another worker has leased, without an error: that worker may die", async () => {
    const result = await handle([record("a"), record("b")], async (_, { taskId }) =>
      taskId === "a" ? "taken" : "done",
    );
    expect(result).toEqual(back("a"));
    expect(printed).toEqual([]);
  });

  test("returns failed tasks, and runs the others", async () => {
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

  test("returns tasks that throw synchronously or cannot be parsed", async () => {
    const result = await handle([record("a"), record("b", "secret"), record("c")], (_, { taskId }) => {
      if (taskId === "a") throw new Error("broken");
      return Promise.resolve("done");
    });
    expect(result).toEqual(back("a", "b"));
  });

  test("returns as a whole if the function is not configured", async () => {
    const deps = () => {
      throw new Error("FAN_OUT_QUEUE_URL is not set");
    };
    expect(await onTasks(deps, async () => "done")({ Records: [record("a"), record("b")] })).toEqual(back("a", "b"));
  });

  test("logs the reason, and neither the room nor the data", async () => {
    const fail = async () => Promise.reject(new Error("throttled"));
    const cut = JSON.stringify(task("b")).slice(0, -20);
    await handle([record("a"), record("b", cut), record("c", '"secret'), record("d", "secret private-room")], fail);
    expect(printed).toHaveLength(4);
    for (const line of printed) expect(line).not.toMatch(/secret|private-room/);
  });
});
