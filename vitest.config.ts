import { defineConfig } from "vitest/config";

/** Tests that run the synthesized stack: they share one assembly, made once per run. */
const onTheStack = ["test/{conformance,local-stack,simulation,browser}/**/*.test.ts"];

export default defineConfig({
  test: {
    // A Lambda's cold start, a browser's start: slow machines need room, nothing waits for it.
    testTimeout: 30_000,
    hookTimeout: 120_000,
    projects: [
      { extends: true, test: { name: "parts", include: ["test/**/*.test.ts"], exclude: onTheStack } },
      { extends: true, test: { name: "stack", include: onTheStack, globalSetup: "test/support/share-assembly.ts" } },
    ],
  },
});
