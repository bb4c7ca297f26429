import { afterAll, beforeAll, describe } from "vitest";
import { badFrames } from "./bad-frames.ts";
import { badPushes } from "./bad-pushes.ts";
import { connections } from "./connections.ts";
import { pushes } from "./pushes.ts";
import { rooms } from "./rooms.ts";
import type { RunningTarget, Target } from "./target.ts";

const parts = { connections, rooms, pushes, "bad frames": badFrames, "bad pushes": badPushes };

/**
 * The behaviour of every Downlink stack, on this machine or on AWS.
 *
 * @param connectTo called once per part, so that parts that read the tables do not share them with others
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
