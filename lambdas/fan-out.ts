import { fanOutDeps } from "./adapters/deps.ts";
import { onTasks } from "./adapters/events/on-tasks.ts";
import { runTask } from "./domain/fan-out/run-task.ts";

export const handler = onTasks(fanOutDeps, runTask);
