import { GetSecretValueCommand, type SecretsManagerClient } from "@aws-sdk/client-secrets-manager";

const keepMs = 5 * 60_000;

/**
 * Reads a secret of Secrets Manager and keeps it for five minutes, so that a rotated value is used without a deployment.
 *
 * @param secretId name or ARN
 */
export function cachedSecret(
  client: Pick<SecretsManagerClient, "send">,
  secretId: string,
  now: () => number,
): () => Promise<string> {
  let kept: { value: Promise<string>; untilMs: number } | undefined;
  return () => {
    if (!kept || kept.untilMs <= now()) {
      const value = readSecret(client, secretId);
      kept = { value, untilMs: now() + keepMs };
      // A failure is not kept: the next handshake reads again.
      value.catch(() => {
        kept = undefined;
      });
    }
    return kept.value;
  };
}

async function readSecret(client: Pick<SecretsManagerClient, "send">, SecretId: string): Promise<string> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
  if (!SecretString) throw new Error("the token secret is empty; put a random text of at least 32 characters in it");
  return SecretString;
}
