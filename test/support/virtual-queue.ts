import type { VirtualTime } from "./virtual-time.ts";

interface Item<T> {
  body: T;
  visibleAtMs: number;
  receives: number;
}

/**
 * An SQS queue with its event source mapping. Each worker handles one item at a time. An item that is not done comes
 * back after the visibility timeout, and is dead-lettered after `maxReceiveCount` receives.
 */
export class VirtualQueue<T> {
  readonly deadLetters: T[] = [];
  /** Number of times that a worker received an item. */
  received = 0;
  private readonly items: Item<T>[] = [];
  private readonly time: VirtualTime;
  private readonly visibilityMs: number;
  private readonly maxReceiveCount: number;

  constructor(time: VirtualTime, { visibilityMs, maxReceiveCount }: { visibilityMs: number; maxReceiveCount: number }) {
    this.time = time;
    this.visibilityMs = visibilityMs;
    this.maxReceiveCount = maxReceiveCount;
  }

  send(body: T, afterMs = 0): void {
    this.items.push({ body, visibleAtMs: this.time.nowMs + afterMs, receives: 0 });
  }

  get isEmpty(): boolean {
    return this.items.length === 0;
  }

  /**
   * @param workers each resolves with whether the item is done; one that never settles has died
   * @param copies how many workers receive each item at the same time
   */
  startWorkers(workers: ((body: T) => Promise<boolean>)[], copies = 1): void {
    const idle = [...workers];
    const receiveDue = async () => {
      for (;;) {
        for (let item = this.due(idle.length, copies); item; item = this.due(idle.length, copies)) {
          this.receive(item, idle, copies);
        }
        await this.time.wait(20);
      }
    };
    void receiveDue();
  }

  private due(idleWorkers: number, copies: number): Item<T> | undefined {
    return idleWorkers < copies ? undefined : this.items.find(({ visibleAtMs }) => visibleAtMs <= this.time.nowMs);
  }

  private receive(item: Item<T>, idle: ((body: T) => Promise<boolean>)[], copies: number): void {
    item.visibleAtMs = this.time.nowMs + this.visibilityMs;
    item.receives += 1;
    if (item.receives > this.maxReceiveCount) {
      this.remove(item);
      this.deadLetters.push(item.body);
      return;
    }
    for (const worker of idle.splice(0, copies)) {
      this.received += 1;
      void worker(item.body).then(
        (isDone) => {
          idle.push(worker);
          if (isDone) this.remove(item);
        },
        () => idle.push(worker),
      );
    }
  }

  private remove(item: Item<T>): void {
    const at = this.items.indexOf(item);
    if (at >= 0) this.items.splice(at, 1);
  }
}
