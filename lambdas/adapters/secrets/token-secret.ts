import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

const cacheMs = 5 * 60_000;

/**
 * Reads a secret of Secrets Manager and caches it for five minutes, so that a rotated value is used without a deployment. A
 * failure is not cached.
 *
 * @param secretId name or ARN
 * @returns a function that rejects if the secret cannot be read or is empty
 */
export function cachedSecret(
  client: Pick<SecretsManagerClient, "send">,
  secretId: string,
  now: () => number,
): () => Promise<string> {
  let cached: { value: Promise<string>; expiresAtMs: number } | undefined;
  return () => {
    if (!cached || cached.expiresAtMs <= now()) {
      const value = readSecret(client, secretId);
      cached = { value, expiresAtMs: now() + cacheMs };
      value.catch(() => {
        cached = undefined;
      });
    }
    return cached.value;
  };
}

async function readSecret(client: Pick<SecretsManagerClient, "send">, SecretId: string): Promise<string> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
  if (!SecretString) throw new Error("the token secret is empty; put a random text of at least 32 characters in it");
  return SecretString;
}
