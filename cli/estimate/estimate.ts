import { type Advice, adviceFor } from "./advice.ts";
import { type CostItem, type Costs, costsOf } from "./cost.ts";
import { type Load, loadOf } from "./load.ts";
import { deliveryCostRatio } from "./push-cost.ts";
import { type QuotaUse, quotasOf } from "./quotas.ts";
import type { Scenario } from "./scenario.ts";
import { type Time, timesOf } from "./times.ts";

export interface Estimate {
  scenario: Scenario;
  /** Average rates a second. */
  load: Load;
  /** USD a month. */
  costs: { items: CostItem[]; total: Costs };
  /** Cost of 1 M deliveries to rooms of 1,000 at `qos` 0, divided by API Gateway's price of their messages. */
  ratio: number;
  times: Time[];
  /** The most used first. */
  quotas: QuotaUse[];
  advice: Advice[];
}

/** @param seed of the simulation that checks the times; no simulation without one */
export function estimate(scenario: Scenario, seed?: number): Estimate {
  const load = loadOf(scenario);
  return {
    scenario,
    load,
    costs: costsOf(scenario, load),
    ratio: deliveryCostRatio(scenario),
    times: timesOf(scenario, seed, load),
    quotas: quotasOf(scenario, load),
    advice: adviceFor(scenario),
  };
}
