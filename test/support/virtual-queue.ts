import type { VirtualTime } from "./virtual-time.ts";

interface Item<T> {
  body: T;
  visibleAtMs: number;
  receives: number;
}

/** SQS with its mapping: so many orders are worked on at once, each may be received twice, what fails comes back. */
export class VirtualQueue<T> {
  readonly deadLetters: T[] = [];
  /** Deliveries to a function. */
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
   * @param work one environment each; `false`: the order has to come back. One that never settles has died.
   * @param copies how often each order is received at the same moment
   */
  feed(work: ((body: T) => Promise<boolean>)[], copies = 1): void {
    const idle = [...work];
    const check = async () => {
      for (;;) {
        for (let item = this.due(idle.length, copies); item; item = this.due(idle.length, copies)) {
          this.receive(item, idle, copies);
        }
        await this.time.wait(20);
      }
    };
    void check();
  }

  private due(places: number, copies: number): Item<T> | undefined {
    return places < copies ? undefined : this.items.find(({ visibleAtMs }) => visibleAtMs <= this.time.nowMs);
  }

  private receive(item: Item<T>, idle: ((body: T) => Promise<boolean>)[], copies: number): void {
    item.visibleAtMs = this.time.nowMs + this.visibilityMs;
    item.receives += 1;
    if (item.receives > this.maxReceiveCount) {
      this.remove(item);
      this.deadLetters.push(item.body);
      return;
    }
    for (const environment of idle.splice(0, copies)) {
      this.received += 1;
      void environment(item.body).then(
        (isDone) => {
          idle.push(environment);
          if (isDone) this.remove(item);
        },
        () => idle.push(environment),
      );
    }
  }

  private remove(item: Item<T>): void {
    const at = this.items.indexOf(item);
    if (at >= 0) this.items.splice(at, 1);
  }
}
