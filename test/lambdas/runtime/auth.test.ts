import { beforeEach, describe, expect, test, vi } from "vitest";

/** The module as a new execution environment loads it. */
async function coldHandshake() {
  vi.resetModules();
  const { handshake } = await import("../../../lambdas/runtime/auth.ts");
  return handshake();
}

beforeEach(() => {
  vi.stubEnv("ALLOWED_ORIGINS", "https://a.example,https://b.example");
  vi.stubEnv("AWS_REGION", "us-east-1");
});

describe("the handshake's configuration", () => {
  test("splits the allowed origins", async () => {
    expect((await coldHandshake()).allowedOrigins).toEqual(["https://a.example", "https://b.example"]);
  });

  test("names the variable that is missing", async () => {
    vi.stubEnv("TOKEN_SECRET_ARN", "");
    const { read } = await coldHandshake();
    await expect(read("token")).rejects.toThrow("TOKEN_SECRET_ARN is not set");
  });
});
