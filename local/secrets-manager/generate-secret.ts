import { randomInt } from "node:crypto";

/** `GenerateSecretString` of `AWS::SecretsManager::Secret`. */
export interface GenerateSecretString {
  /** @default 32 */
  PasswordLength?: number;
  ExcludeCharacters?: string;
  ExcludeLowercase?: boolean;
  ExcludeUppercase?: boolean;
  ExcludeNumbers?: boolean;
  ExcludePunctuation?: boolean;
  IncludeSpace?: boolean;
  /** @default true */
  RequireEachIncludedType?: boolean;
  SecretStringTemplate?: string;
  GenerateStringKey?: string;
}

/** Each type of characters, under the property that excludes it. */
const characterTypes = {
  ExcludeLowercase: "abcdefghijklmnopqrstuvwxyz",
  ExcludeUppercase: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  ExcludeNumbers: "0123456789",
  ExcludePunctuation: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
} as const;

/**
 * Generates the value of a new secret as Secrets Manager does.
 *
 * @throws if the options exclude every character
 */
export function generateSecret(logicalId: string, options: GenerateSecretString): string {
  const password = generatePassword(logicalId, options);
  const { SecretStringTemplate, GenerateStringKey } = options;
  if (SecretStringTemplate === undefined || GenerateStringKey === undefined) return password;
  return JSON.stringify({ ...JSON.parse(SecretStringTemplate), [GenerateStringKey]: password });
}

function generatePassword(logicalId: string, options: GenerateSecretString): string {
  const included: string[] = Object.entries(characterTypes)
    .filter(([exclusion]) => options[exclusion as keyof typeof characterTypes] !== true)
    .map(([, characters]) => characters);
  if (options.IncludeSpace === true) included.push(" ");
  const excluded = new Set(options.ExcludeCharacters);
  const sets = included.map((set) => [...set].filter((each) => !excluded.has(each))).filter((set) => set.length > 0);
  const all = sets.flat();
  if (all.length === 0) throw new Error(`${logicalId}: GenerateSecretString excludes every character`);

  const required = options.RequireEachIncludedType === false ? [] : sets.map(pick);
  const length = options.PasswordLength ?? 32;
  const rest = Array.from({ length: Math.max(0, length - required.length) }, () => pick(all));
  return shuffle([...required, ...rest]).join("");
}

const pick = (from: readonly string[]) => from[randomInt(from.length)] ?? "";

function shuffle(characters: string[]): string[] {
  const remaining = [...characters];
  return characters.map(() => remaining.splice(randomInt(remaining.length), 1)[0] ?? "");
}
