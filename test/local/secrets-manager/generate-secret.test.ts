import fc from "fast-check";
import { expect, test } from "vitest";
import { generateSecret } from "../../../local/secrets-manager/generate-secret.ts";

test.each([
  ["32 characters by itself", {}, /^[!-~]{32}$/],
  ["as many as wanted", { PasswordLength: 64 }, /^[!-~]{64}$/],
  ["no punctuation", { ExcludePunctuation: true }, /^[A-Za-z0-9]{32}$/],
  ["digits only", { ExcludePunctuation: true, ExcludeLowercase: true, ExcludeUppercase: true }, /^[0-9]{32}$/],
  [
    "none of the excluded",
    { ExcludeNumbers: true, ExcludePunctuation: true, ExcludeCharacters: "abc" },
    /^[d-zA-Z]{32}$/,
  ],
  [
    "one key of an object",
    { SecretStringTemplate: '{"user":"a"}', GenerateStringKey: "p" },
    /^\{"user":"a","p":".+"\}$/,
  ],
])("a generated secret has %s", (_, how, expected) => {
  expect(generateSecret("Secret", how)).toMatch(expected);
});

test("every kind that is not excluded occurs", () => {
  fc.assert(
    fc.property(fc.integer({ min: 4, max: 12 }), (PasswordLength) => {
      const value = generateSecret("Secret", { PasswordLength });
      for (const kind of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/]) expect(value).toMatch(kind);
      expect(value).toHaveLength(PasswordLength);
    }),
  );
});

test("a secret without any character left is an error", () => {
  const nothing = {
    ExcludeLowercase: true,
    ExcludeUppercase: true,
    ExcludeNumbers: true,
    ExcludePunctuation: true,
  };
  expect(() => generateSecret("Secret", nothing)).toThrow(/^Secret: GenerateSecretString excludes every character/);
});
