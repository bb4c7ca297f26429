import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { mockClient } from "aws-sdk-client-mock";
import { beforeEach, describe, expect, test } from "vitest";
import { cachedSecret } from "../../../../lambdas/adapters/secrets/token-secret.ts";

const secrets = mockClient(SecretsManagerClient);
const calls = () => secrets.commandCalls(GetSecretValueCommand).length;
let nowMs = 0;

/** With an empty cache. */
const coldSecret = () => cachedSecret(new SecretsManagerClient({ region: "us-east-1" }), "arn:secret", () => nowMs);

beforeEach(() => {
  secrets.reset();
  nowMs = 0;
});

describe("the token secret", () => {
  test("is read once for all handshakes of five minutes, then again, so that a rotated one is used", async () => {
    secrets.on(GetSecretValueCommand, { SecretId: "arn:secret" }).resolvesOnce({ SecretString: "old" });
    const read = coldSecret();
    expect(await Promise.all([read(), read()])).toEqual(["old", "old"]);
    nowMs = 5 * 60_000 - 1;
    expect(await read()).toBe("old");
    expect(calls()).toBe(1);
    secrets.on(GetSecretValueCommand).resolves({ SecretString: "new" });
    nowMs += 1;
    expect(await read()).toBe("new");
  });

  test("that could not be read is read again by the next handshake", async () => {
    secrets.on(GetSecretValueCommand).rejectsOnce(new Error("throttled")).resolves({ SecretString: "s" });
    const read = coldSecret();
    await expect(read()).rejects.toThrow("throttled");
    expect(await read()).toBe("s");
  });

  test("that is empty is an error", async () => {
    secrets.on(GetSecretValueCommand).resolves({});
    await expect(coldSecret()()).rejects.toThrow("at least 32 characters");
  });
});
