import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { generateSecret } from "../secrets-manager/generate-secret.ts";
import type { Template } from "../template/assembly.ts";

/**
 * Adds the values to the template that AWS generates when it creates a stack: `SecretString` of secrets and `Value` of
 * API keys. Values that the template sets stay as they are.
 *
 * @param file keeps the values, so that keys and tokens stay valid after a restart. @default new values on each call
 */
export function addGeneratedValues({ Resources }: Template, file?: string): void {
  const values: Record<string, string> =
    file !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  for (const [logicalId, resource] of Object.entries(Resources)) {
    const { GenerateSecretString, ...properties } = resource.Properties ?? {};
    if (resource.Type === "AWS::SecretsManager::Secret" && properties.SecretString === undefined) {
      values[logicalId] ??= generateSecret(logicalId, GenerateSecretString ?? {});
      resource.Properties = { ...properties, SecretString: values[logicalId] };
    }
    if (resource.Type === "AWS::ApiGateway::ApiKey" && properties.Value === undefined) {
      values[logicalId] ??= generateApiKey();
      resource.Properties = { ...properties, Value: values[logicalId] };
    }
  }
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  // Only this user can read the secrets.
  writeFileSync(file, `${JSON.stringify(values, undefined, 2)}\n`, { mode: 0o600 });
}

/** 40 letters and digits, as API Gateway generates them. */
const generateApiKey = () =>
  BigInt(`0x${randomBytes(40).toString("hex")}`)
    .toString(36)
    .slice(0, 40);
