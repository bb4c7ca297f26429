import { logLineBytes } from "./cost.ts";
import { billedFor, times } from "./operations.ts";
import { gigabytePrices, usdOf } from "./prices.ts";

const monthHours = 30 * 24;

/** Polls an hour of the client: by a page that receives nothing, and by a page that receives a message every half minute. */
export const pollsPerHour = { quiet: 120, busy: 1_200 };

/** @returns USD a month of a polling page in one room, at the prices of the first tier */
export function pollingUsd(perHour: number): number {
  const polls = perHour * monthHours;
  const logs = ((polls * logLineBytes) / 1e9) * gigabytePrices.logs;
  return usdOf(times(polls, billedFor("poll, 1 room, no messages"))) + logs;
}
