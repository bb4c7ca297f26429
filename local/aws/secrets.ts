import type { Stack } from "../stack.ts";
import { type Answer, json } from "./answer.ts";

/** A secret as `GetSecretValue` gives it. */
export interface Secret {
  ARN: string;
  Name: string;
  SecretString: string;
  VersionId: string;
  VersionStages: ["AWSCURRENT"];
  /** Epoch seconds. */
  CreatedDate: number;
}

/** The template's secrets, by ARN and by name. */
export function secretsOf(stack: Stack): ReadonlyMap<string, Secret> {
  const secrets = new Map<string, Secret>();
  for (const { logicalId, properties } of stack.ofType("AWS::SecretsManager::Secret")) {
    const arn = stack.physicalId(logicalId);
    const [, name = ""] = /:secret:(.+)-[^-]{6}$/.exec(arn) ?? [];
    const secret: Secret = {
      ARN: arn,
      Name: name,
      SecretString: String(properties.SecretString),
      VersionId: "00000000-0000-4000-8000-000000000000",
      VersionStages: ["AWSCURRENT"],
      CreatedDate: 0,
    };
    secrets.set(arn, secret).set(name, secret);
  }
  return secrets;
}

export const secretMissing = (): Answer =>
  json(400, { __type: "ResourceNotFoundException", Message: "Secrets Manager can't find the specified secret." });
