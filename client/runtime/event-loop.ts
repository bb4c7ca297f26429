import type { Dispatch, EffectHandlers, Event } from "../core/events.ts";
import { reduce } from "../core/reducer.ts";
import { initialState } from "../core/state.ts";
import { isolated } from "./listeners.ts";

/**
 * Holds the client's state. Passes each event to the reducer and executes the effects, in order.
 *
 * Effects may call listeners of the page, and those may call the handle: the events of such calls are queued, and
 * happen after all effects of the current event.
 */
export function makeEventLoop(handlers: EffectHandlers): Dispatch {
  const queue: Event[] = [];
  let state: ReturnType<typeof reduce> = { ...initialState, effects: [] };
  const take = (event: Event) => {
    state = reduce(state, event);
    for (const [name, ...args] of state.effects) {
      // Isolated: an effect that fails, for example in a WebSocket that the page provides, does not prevent the others.
      void isolated(handlers[name] as (...args: unknown[]) => void, ...args);
    }
  };
  return (...event) => {
    if (queue.push(event) > 1) return;
    // Isolated: a malformed frame is reported, and the next event still happens.
    for (const next of queue) void isolated(take, next);
    queue.length = 0;
  };
}
