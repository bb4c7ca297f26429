import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, describe, expect, test, vi } from "vitest";

const secrets = mockClient(SecretsManagerClient);
const calls = () => secrets.commandCalls(GetSecretValueCommand).length;
let nowMs = 0;

/** As a cold Lambda has it: nothing kept yet. */
async function coldSecret() {
  vi.resetModules();
  const { tokenSecret } = await import("../../../../lambdas/adapters/secrets/token-secret.ts");
  return () => tokenSecret(() => nowMs);
}

beforeEach(() => {
  secrets.reset();
  nowMs = 0;
  vi.stubEnv("TOKEN_SECRET_ARN", "arn:secret");
  vi.stubEnv("AWS_REGION", "us-east-1");
});

describe("the token secret", () => {
  test("is read once for all handshakes of five minutes, then again: a rotated one is taken up", async () => {
    secrets.on(GetSecretValueCommand, { SecretId: "arn:secret" }).resolvesOnce({ SecretString: "old" });
    const read = await coldSecret();
    expect(await Promise.all([read(), read()])).toEqual(["old", "old"]);
    nowMs = 5 * 60_000 - 1;
    expect(await read()).toBe("old");
    expect(calls()).toBe(1);
    secrets.on(GetSecretValueCommand).resolves({ SecretString: "new" });
    nowMs += 1;
    expect(await read()).toBe("new");
  });

  test("that could not be read is asked for again by the next handshake", async () => {
    secrets.on(GetSecretValueCommand).rejectsOnce(new Error("throttled")).resolves({ SecretString: "s" });
    const read = await coldSecret();
    await expect(read()).rejects.toThrow("throttled");
    expect(await read()).toBe("s");
  });

  test("that is empty lets nobody in", async () => {
    secrets.on(GetSecretValueCommand).resolves({});
    await expect((await coldSecret())()).rejects.toThrow("at least 32 characters");
  });

  test("without the variable that names it says so", async () => {
    vi.stubEnv("TOKEN_SECRET_ARN", "");
    await expect((async () => (await coldSecret())())()).rejects.toThrow("TOKEN_SECRET_ARN is not set");
  });
});
