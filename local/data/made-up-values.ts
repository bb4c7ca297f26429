import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Stack } from "../stack.ts";
import { secretValue } from "./secret-value.ts";

/** What AWS makes up when a stack is created, and nobody but the account can look up. */
export interface MadeUpValues {
  /** By logical id: the key's value. */
  readonly apiKeys: ReadonlyMap<string, string>;
  /** By logical id: the secret's value. */
  readonly secrets: ReadonlyMap<string, string>;
}

/**
 * Values for the secrets and API keys of the template.
 *
 * @param file where they are kept, so that a token stays valid over a restart; without it they are new each time
 */
export function makeUpValues(stack: Stack, file?: string): MadeUpValues {
  const kept: Record<string, string> =
    file !== undefined && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  const valuesOf = (type: string, make: (logicalId: string, properties: Properties) => string) =>
    new Map(
      stack.ofType(type).map(({ logicalId, properties }) => {
        kept[logicalId] ??= make(logicalId, properties);
        return [logicalId, kept[logicalId]];
      }),
    );
  const secrets = valuesOf("AWS::SecretsManager::Secret", secretValue);
  const apiKeys = valuesOf("AWS::ApiGateway::ApiKey", (_, { Value }) =>
    typeof Value === "string" ? Value : apiKeyValue(),
  );
  if (file !== undefined) {
    mkdirSync(dirname(file), { recursive: true });
    // Others on this machine have no business with it.
    writeFileSync(file, JSON.stringify(kept, undefined, 2), { mode: 0o600 });
  }
  return { apiKeys, secrets };
}

type Properties = Readonly<Record<string, unknown>>;

/** 40 letters and digits. */
const apiKeyValue = () =>
  BigInt(`0x${randomBytes(40).toString("hex")}`)
    .toString(36)
    .slice(0, 40);
