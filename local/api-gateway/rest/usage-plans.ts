import { type PropertyReader, readProperties } from "../../template/property-reader.ts";
import type { Resource, Stack } from "../../template/stack.ts";
import type { Clock } from "../../world/clock.ts";
import { readThrottle } from "../throttling/read-throttle.ts";
import { bucketPerKey, type Throttle, type TokenBucket, tokenBucket } from "../throttling/token-bucket.ts";
import type { RestApi } from "./api-spec.ts";

interface ApiKey {
  id: string;
  /** The value of the header `x-api-key`. */
  value: string;
}
/** An API key in a usage plan of a stage. */
export interface ApiKeyUse {
  id: string;
  /** Counts a request against the plan. Returns `undefined` if it is within the limits. */
  take: (methodKey: string) => "throttled" | "quotaExceeded" | undefined;
}
/** Finds a key by its value. Returns `undefined` if it is unknown, disabled, or in no usage plan of the stage. */
export type FindApiKey = (value: string, api: Pick<RestApi, "apiId" | "stageName">) => ApiKeyUse | undefined;

const periodMs = { DAY: 86_400_000, WEEK: 604_800_000, MONTH: 2_592_000_000 };

/** The enabled keys. */
function readApiKeys(stack: Stack): ApiKey[] {
  return stack.ofType("AWS::ApiGateway::ApiKey").flatMap((resource) => {
    // StageKeys is a legacy property; API Gateway accepts a key only through a usage plan.
    const reader = readProperties(resource).ignore("Name", "Description", "Tags", "StageKeys", "CustomerId");
    const key = { id: stack.physicalId(resource.logicalId), value: reader.string("Value") };
    const enabled = reader.boolean("Enabled");
    reader.ignore("GenerateDistinctId").assertAllRead();
    return enabled ? [key] : [];
  });
}

/**
 * Reads the usage plans and API keys of the template.
 *
 * @throws if a key has no `Value`. AWS generates one; locally the caller adds it to the template first
 */
export function readUsagePlans(stack: Stack, clock: Clock): FindApiKey {
  const keyIdsByPlan = readPlanKeys(stack);
  const uses = new Map<string, ApiKeyUse>();
  for (const resource of stack.ofType("AWS::ApiGateway::UsagePlan")) {
    const plan = readPlan(resource);
    for (const keyId of keyIdsByPlan.get(stack.physicalId(resource.logicalId)) ?? []) {
      for (const [stageKey, take] of countersOf(plan, clock)) {
        uses.set(`${keyId} ${stageKey}`, { id: keyId, take });
      }
    }
  }
  const idsByValue = new Map(readApiKeys(stack).map(({ id, value }) => [value, id]));
  return (value, { apiId, stageName }) => uses.get(`${idsByValue.get(value)} ${apiId}/${stageName}`);
}

/** @returns the ids of API keys by the id of their usage plan */
function readPlanKeys(stack: Stack): Map<string, string[]> {
  const keyIds = new Map<string, string[]>();
  for (const resource of stack.ofType("AWS::ApiGateway::UsagePlanKey")) {
    const reader = readProperties(resource);
    reader.oneOf("KeyType", ["API_KEY"]);
    const planId = reader.string("UsagePlanId");
    keyIds.set(planId, [...(keyIds.get(planId) ?? []), reader.string("KeyId")]);
    reader.assertAllRead();
  }
  return keyIds;
}

interface UsagePlan {
  stages: PlanStage[];
  throttle: Throttle | undefined;
  quota: PlanQuota | undefined;
}

function readPlan(resource: Resource): UsagePlan {
  const reader = readProperties(resource).ignore("UsagePlanName", "Description", "Tags");
  const plan = {
    stages: reader.objects("ApiStages").map(readPlanStage),
    throttle: readPlanThrottle(reader.object("Throttle")),
    quota: readQuota(reader.object("Quota")),
  };
  reader.assertAllRead();
  return plan;
}

/** The counters of one key for each stage of the plan. The limits of a plan apply to each key separately. */
function countersOf({ stages, throttle, quota }: UsagePlan, clock: Clock): [stageKey: string, ApiKeyUse["take"]][] {
  const takePlan: TokenBucket = throttle ? tokenBucket(throttle, clock) : () => true;
  const takeQuota: TokenBucket = quota ? createQuota(quota, clock) : () => true;
  return stages.map(({ stageKey, methodThrottles }) => {
    const takeMethod = bucketPerKey((methodKey) => methodThrottles.get(methodKey), clock);
    const take = (methodKey: string) => {
      if (!takePlan() || !takeMethod(methodKey)) return "throttled";
      return takeQuota() ? undefined : "quotaExceeded";
    };
    return [stageKey, take];
  });
}

/** A stage of a usage plan, with the plan's throttles for its methods. */
interface PlanStage {
  /** `{apiId}/{stageName}` */
  stageKey: string;
  methodThrottles: ReadonlyMap<string, Throttle | undefined>;
}

function readPlanStage(reader: PropertyReader): PlanStage {
  const stageKey = `${reader.string("ApiId")}/${reader.string("Stage")}`;
  const methodThrottles = new Map(
    reader.objectMap("Throttle").map(([methodKey, throttle]) => [methodKey, readPlanThrottle(throttle)]),
  );
  reader.assertAllRead();
  return { stageKey, methodThrottles };
}

function readPlanThrottle(reader: PropertyReader | undefined): Throttle | undefined {
  const throttle = reader && readThrottle(reader, "RateLimit", "BurstLimit");
  reader?.assertAllRead();
  return throttle;
}

interface PlanQuota {
  /** Requests in a period. */
  limit: number;
  periodMs: number;
}

function readQuota(reader: PropertyReader | undefined): PlanQuota | undefined {
  const limit = reader?.optionalNumber("Limit");
  if (!reader || limit === undefined) return undefined;
  const period = reader.oneOf("Period", ["DAY", "WEEK", "MONTH"]);
  reader.ignore("Offset").assertAllRead();
  return { limit, periodMs: periodMs[period] };
}

function createQuota({ limit, periodMs: length }: PlanQuota, clock: Clock): TokenBucket {
  let period = -1;
  let used = 0;
  return () => {
    const current = Math.floor(clock.now() / length);
    if (current !== period) used = 0;
    period = current;
    used += 1;
    return used <= limit;
  };
}
