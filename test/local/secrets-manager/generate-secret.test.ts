import fc from "fast-check";
import { expect, test } from "vitest";
import { generateSecret } from "../../../local/secrets-manager/generate-secret.ts";

test.each([
  ["32 characters by default", {}, /^[!-~]{32}$/],
  ["PasswordLength characters", { PasswordLength: 64 }, /^[!-~]{64}$/],
  ["no punctuation", { ExcludePunctuation: true }, /^[A-Za-z0-9]{32}$/],
  ["digits only", { ExcludePunctuation: true, ExcludeLowercase: true, ExcludeUppercase: true }, /^[0-9]{32}$/],
  [
    "none of ExcludeCharacters",
    { ExcludeNumbers: true, ExcludePunctuation: true, ExcludeCharacters: "abc" },
    /^[d-zA-Z]{32}$/,
  ],
  [
    "the form of SecretStringTemplate",
    { SecretStringTemplate: '{"user":"a"}', GenerateStringKey: "p" },
    /^\{"user":"a","p":".+"\}$/,
  ],
])("a generated secret has %s", (_, options, expected) => {
  expect(generateSecret("Secret", options)).toMatch(expected);
});

test("a generated secret contains every character type that is not excluded", () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 12 }), (PasswordLength) => {
      const value = generateSecret("Secret", { PasswordLength });
      for (const kind of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/]) expect(value).toMatch(kind);
      expect(value).toHaveLength(PasswordLength);
    }),
  );
});

test("options that exclude every character are an error", () => {
  const nothing = {
    ExcludeLowercase: true,
    ExcludeUppercase: true,
    ExcludeNumbers: true,
    ExcludePunctuation: true,
  };
  expect(() => generateSecret("Secret", nothing)).toThrow(/^Secret: GenerateSecretString excludes every character/);
});
