import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // A Lambda's cold start, a browser's start: slow machines need room, nothing waits for it.
    testTimeout: 30_000,
    hookTimeout: 120_000,
  },
});
