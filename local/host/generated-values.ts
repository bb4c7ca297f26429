import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { generateSecret } from "../secrets-manager/generate-secret.ts";
import type { Template } from "../template/assembly.ts";

/**
 * Writes into the template what AWS makes up when it creates a stack: `SecretString` of secrets, `Value` of API keys.
 *
 * @param file where they are kept, so that a token stays valid over a restart; without it they are new each time
 */
export function addGeneratedValues({ Resources }: Template, file?: string): void {
  const kept: Record<string, string> =
    file !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  for (const [logicalId, resource] of Object.entries(Resources)) {
    const { GenerateSecretString, ...properties } = resource.Properties ?? {};
    if (resource.Type === "AWS::SecretsManager::Secret" && properties.SecretString === undefined) {
      kept[logicalId] ??= generateSecret(logicalId, GenerateSecretString ?? {});
      resource.Properties = { ...properties, SecretString: kept[logicalId] };
    }
    if (resource.Type === "AWS::ApiGateway::ApiKey" && properties.Value === undefined) {
      kept[logicalId] ??= apiKeyValue();
      resource.Properties = { ...properties, Value: kept[logicalId] };
    }
  }
  if (file === undefined) return;
  mkdirSync(dirname(file), { recursive: true });
  // Others on this machine have no business with it.
  writeFileSync(file, `${JSON.stringify(kept, undefined, 2)}\n`, { mode: 0o600 });
}

/** 40 letters and digits, as API Gateway makes them. */
const apiKeyValue = () =>
  BigInt(`0x${randomBytes(40).toString("hex")}`)
    .toString(36)
    .slice(0, 40);
