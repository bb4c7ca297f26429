// The end of `runInChild` in the child process. A process that imports this file ends with its parent.
process.on("disconnect", () => process.exit());

/** @returns the input that the parent passed to `runInChild` */
export const readInput = <T>(): T => JSON.parse(process.argv[2] ?? "null");

/** Sends a message to the parent, which reads it with `next`. */
export function report(message: unknown): void {
  if (!process.send) throw new Error("this file runs as a child process: see runInChild");
  process.send(message);
}

/** Answers each `request` of the parent. An error ends the process. */
export function serve<T>(respond: (request: T) => unknown): void {
  process.on("message", async (request: T) => report(await respond(request)));
}

/** CPU milliseconds of this process, all threads, since `before`. */
export function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
