import { afterAll, beforeAll, describe } from "vitest";
import { badFrames } from "./bad-frames.ts";
import { badPushes } from "./bad-pushes.ts";
import { connections } from "./connections.ts";
import { pushes } from "./pushes.ts";
import { rooms } from "./rooms.ts";
import type { RunningTarget, Target } from "./target.ts";

const parts = { connections, rooms, pushes, "bad frames": badFrames, "bad pushes": badPushes };

/**
 * What every Downlink does, wherever it runs.
 *
 * @param connectTo called once per part: the parts that look into the tables want them to themselves
 */
export function conformance(name: string, connectTo: () => Promise<RunningTarget>): void {
  for (const [part, specify] of Object.entries<(target: () => Target) => void>(parts)) {
    describe(`${name}: ${part}`, () => {
      let target: RunningTarget;
      beforeAll(async () => {
        target = await connectTo();
      });
      afterAll(() => target?.close());
      specify(() => target);
    });
  }
}
