import { type Advice, adviceFor } from "./advice.ts";
import { type CostItem, type Costs, costsOf, usdOf } from "./cost.ts";
import { type Load, loadOf } from "./load.ts";
import { stormRatio } from "./push-cost.ts";
import type { Question } from "./scenario.ts";
import { type QuotaUse, quotasOf } from "./quotas.ts";
import { type Time, timesOf } from "./times.ts";

export interface Estimate {
  question: Question;
  /** What goes on in a second. */
  load: Load;
  /** USD a month. */
  costs: { items: CostItem[]; total: Costs };
  /** 1 M deliveries at `qos` 0 to rooms of 1,000: their cost to that of API Gateway's messages alone. */
  ratio: number;
  times: Time[];
  /** The fullest first. */
  quotas: QuotaUse[];
  advice: Advice[];
}

/** @param seed of the simulation that checks the times; without one they are not checked */
export function estimate(question: Question, seed?: number): Estimate {
  const load = loadOf(question);
  return {
    question,
    load,
    costs: costsOf(question, load),
    ratio: stormRatio(question, usdOf),
    times: timesOf(question, seed, load),
    quotas: quotasOf(question, load),
    advice: adviceFor(question),
  };
}
