import { type ChildProcess, type ForkOptions, fork } from "node:child_process";
import { on } from "node:events";

/** A process that runs one file of a benchmark. The file imports `child.ts`, the other end. */
export class Child {
  private readonly name: string;
  private readonly process: ChildProcess;
  /** Buffers messages until they are read. Ends with the process. */
  private readonly messages;

  /** @param input JSON, the `input` of the file */
  constructor(file: URL, input: unknown, options: ForkOptions) {
    this.name = file.pathname.split("/").at(-1) ?? "";
    this.process = fork(file, [JSON.stringify(input)], options);
    this.messages = on(this.process, "message", { close: ["exit"] });
  }

  /** @returns the next message of the process @throws if the process ends first */
  async next<T>(): Promise<T> {
    const { value, done } = await this.messages.next();
    if (done) throw new Error(`${this.name} ended before it reported a result`);
    return value[0];
  }

  /** Sends a request to the `serve` of the process. @returns the response */
  request<T>(request: unknown): Promise<T> {
    this.process.send(request as object);
    return this.next();
  }

  stop(): void {
    this.process.kill();
  }
}

export const runInChild = (file: URL, input: unknown = null, options: ForkOptions = {}): Child =>
  new Child(file, input, options);
