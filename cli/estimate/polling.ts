import { logLineBytes, usdOf } from "./cost.ts";
import { billedFor, times } from "./operations.ts";
import { gigabytePrices } from "./prices.ts";

const monthHours = 30 * 24;

/** Polls in an hour, as client/poll-pace.ts makes them: by a page that hears nothing, and by one that hears enough to go on in haste. */
export const pollsPerHour = { quiet: 120, hasty: 1_200 };

/** @returns what a page in one room that polls so often costs in a month, USD at the prices of the first tier */
export function pollingUsd(perHour: number): number {
  const polls = perHour * monthHours;
  const logs = ((polls * logLineBytes) / 1e9) * gigabytePrices.logs;
  return usdOf(times(polls, billedFor("poll, 1 room, no news"))) + logs;
}
