import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { environment } from "../../runtime/environment.ts";
import { requestHandler } from "../../runtime/timeouts.ts";

const keepMs = 5 * 60_000;
let kept: { value: Promise<string>; untilMs: number } | undefined;

/** The token secret, kept for five minutes: a rotated one is taken up without a new deployment. */
export function tokenSecret(now: () => number): Promise<string> {
  if (!kept || kept.untilMs <= now()) {
    const value = readSecret(new SecretsManagerClient({ requestHandler }), environment("TOKEN_SECRET_ARN"));
    kept = { value, untilMs: now() + keepMs };
    // A failure is not kept: the next handshake asks again.
    value.catch(() => {
      kept = undefined;
    });
  }
  return kept.value;
}

async function readSecret(client: Pick<SecretsManagerClient, "send">, SecretId: string): Promise<string> {
  const { SecretString } = await client.send(new GetSecretValueCommand({ SecretId }));
  if (!SecretString) throw new Error("the token secret is empty; put a random text of at least 32 characters in it");
  return SecretString;
}
