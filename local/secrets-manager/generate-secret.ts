import { randomInt } from "node:crypto";

/** `GenerateSecretString` of `AWS::SecretsManager::Secret`. */
interface Generation {
  PasswordLength?: number;
  ExcludeCharacters?: string;
  ExcludeLowercase?: boolean;
  ExcludeUppercase?: boolean;
  ExcludeNumbers?: boolean;
  ExcludePunctuation?: boolean;
  IncludeSpace?: boolean;
  RequireEachIncludedType?: boolean;
  SecretStringTemplate?: string;
  GenerateStringKey?: string;
}

const kinds = {
  ExcludeLowercase: "abcdefghijklmnopqrstuvwxyz",
  ExcludeUppercase: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  ExcludeNumbers: "0123456789",
  ExcludePunctuation: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
} as const;

/**
 * The value that Secrets Manager would give a new secret.
 *
 * @throws if the template leaves no characters to choose from
 */
export function generateSecret(logicalId: string, how: Generation): string {
  const password = generate(logicalId, how);
  if (how.SecretStringTemplate === undefined || how.GenerateStringKey === undefined) return password;
  return JSON.stringify({ ...JSON.parse(how.SecretStringTemplate), [how.GenerateStringKey]: password });
}

function generate(logicalId: string, how: Generation): string {
  const included: string[] = Object.entries(kinds)
    .filter(([exclusion]) => how[exclusion as keyof typeof kinds] !== true)
    .map(([, characters]) => characters);
  if (how.IncludeSpace === true) included.push(" ");
  const excluded = new Set(how.ExcludeCharacters);
  const sets = included.map((set) => [...set].filter((each) => !excluded.has(each))).filter((set) => set.length > 0);
  const all = sets.flat();
  if (all.length === 0) throw new Error(`${logicalId}: GenerateSecretString excludes every character`);

  const required = how.RequireEachIncludedType === false ? [] : sets.map(pick);
  const length = how.PasswordLength ?? 32;
  const rest = Array.from({ length: Math.max(0, length - required.length) }, () => pick(all));
  return shuffle([...required, ...rest]).join("");
}

const pick = (from: readonly string[]) => from[randomInt(from.length)] ?? "";

function shuffle(characters: string[]): string[] {
  const left = [...characters];
  return characters.map(() => left.splice(randomInt(left.length), 1)[0] ?? "");
}
