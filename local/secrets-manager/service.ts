import { json } from "../http/json-response.ts";
import type { JsonService } from "../http/json-service.ts";
import type { Stack } from "../template/stack.ts";

/** The output of `GetSecretValue`. */
interface Secret {
  ARN: string;
  Name: string;
  SecretString: string;
  VersionId: string;
  VersionStages: ["AWSCURRENT"];
  /** Epoch seconds. */
  CreatedDate: number;
}

/** Secrets Manager, read-only: `GetSecretValue` for the secrets of the template. */
export function secretsManagerService(stack: Stack): JsonService {
  const secrets = readSecrets(stack);
  return {
    name: "Secrets Manager",
    prefix: "secretsmanager",
    requiredPermissions: (operation, { SecretId }) => {
      if (operation !== "GetSecretValue") return undefined;
      const resource = secrets.get(String(SecretId))?.ARN ?? String(SecretId);
      return [{ action: "secretsmanager:GetSecretValue", resource }];
    },
    accessDenied: (Message) => json(400, { __type: "AccessDeniedException", Message }),
    serve: async (_, { SecretId }) => {
      const secret = secrets.get(String(SecretId));
      if (secret) return json(200, secret);
      const Message = "Secrets Manager can't find the specified secret.";
      return json(400, { __type: "ResourceNotFoundException", Message });
    },
  };
}

/** The secrets of the template, each under its ARN and its name. */
function readSecrets(stack: Stack): ReadonlyMap<string, Secret> {
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
