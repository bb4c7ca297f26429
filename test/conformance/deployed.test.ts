import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { conformance } from "./conformance.ts";

// To run it: DOWNLINK_ENDPOINTS=endpoints.json npm run vitest test/e2e/deployed.test.ts
// The file holds what .local/endpoints.json holds: webSocketUrl, restUrl, apiKey, tokenSecret.
const file = process.env.DOWNLINK_ENDPOINTS;

if (file === undefined) {
  describe("deployed", () => {
    test.skip("conforms (skipped: DOWNLINK_ENDPOINTS should name an endpoints.json, and does not)", () => {});
  });
} else {
  conformance("deployed", async () => ({ ...JSON.parse(readFileSync(file, "utf8")), close: async () => {} }));
}
