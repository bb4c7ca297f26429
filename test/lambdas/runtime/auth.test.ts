import { beforeEach, describe, expect, test, vi } from "vitest";

/** The module as a new execution environment loads it. */
async function coldPageAuth() {
  vi.resetModules();
  const { pageAuth } = await import("../../../lambdas/runtime/auth.ts");
  return pageAuth();
}

beforeEach(() => {
  vi.stubEnv("ALLOWED_ORIGINS", "https://a.example,https://b.example");
  vi.stubEnv("AWS_REGION", "us-east-1");
});

describe("the authentication of pages", () => {
  test("splits the allowed origins", async () => {
    expect((await coldPageAuth()).allowedOrigins).toEqual(["https://a.example", "https://b.example"]);
  });

  test("names the variable that is missing", async () => {
    vi.stubEnv("TOKEN_SECRET_ARN", "");
    const { verify } = await coldPageAuth();
    await expect(verify("token")).rejects.toThrow("TOKEN_SECRET_ARN is not set");
  });
});
