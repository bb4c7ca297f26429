// A process that makes one kind of push. Each request is a number of pushes; the response is their CPU in milliseconds.
import { cpuMsSince, readInput, serve } from "../child.ts";
import { pushes, stubDeps } from "./pushes.ts";

const push = pushes[readInput<string>()];
if (!push) throw new Error("there is no such push");
let posts = 0;
const deps = stubDeps(() => {
  posts += 1;
});

serve(async (count: number): Promise<number> => {
  posts = 0;
  const cpu = process.cpuUsage();
  for (let i = 0; i < count; i += 1) await push(deps);
  if (posts !== 2 * count) throw new Error(`${posts} posts of ${count} pushes to a room of two`);
  return cpuMsSince(cpu);
});
