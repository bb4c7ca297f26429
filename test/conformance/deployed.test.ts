import { readFileSync } from "node:fs";
import { describe, test } from "vitest";
import { conformance } from "./conformance.ts";

// Run: DOWNLINK_ENDPOINTS=endpoints.json npx vitest run test/conformance/deployed.test.ts
// The file has the fields of .local/endpoints.json: webSocketUrl, restUrl, apiKey, tokenSecret.
const file = process.env.DOWNLINK_ENDPOINTS;

if (file === undefined) {
  describe("deployed", () => {
    test.skip("conforms (skipped: DOWNLINK_ENDPOINTS does not name an endpoints.json)", () => {});
  });
} else {
  conformance("deployed", async () => ({ ...JSON.parse(readFileSync(file, "utf8")), close: async () => {} }));
}
