import { runTask } from "./domain/fan-out/run-task.ts";
import { onTasks } from "./handlers/on-fan-out-tasks.ts";
import { fanOutDeps } from "./runtime/deps.ts";

export const handler = onTasks(fanOutDeps, runTask);
