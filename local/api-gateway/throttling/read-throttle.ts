import type { PropertyReader } from "../../template/property-reader.ts";
import type { Throttle } from "./token-bucket.ts";

/** @returns `undefined` unless the template sets both numbers */
export function readThrottle(reader: PropertyReader, rateName: string, burstName: string): Throttle | undefined {
  const rate = reader.optionalNumber(rateName);
  const burst = reader.optionalNumber(burstName);
  return rate === undefined || burst === undefined ? undefined : { rate, burst };
}
