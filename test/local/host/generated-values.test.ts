import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { addGeneratedValues } from "../../../local/host/generated-values.ts";
import type { TemplateResource } from "../../../local/template/assembly.ts";

const generate = (file?: string) => {
  const resources: Record<string, TemplateResource> = {
    Secret: { Type: "AWS::SecretsManager::Secret", Properties: { GenerateSecretString: {} } },
    Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Enabled: true } },
    Chosen: { Type: "AWS::ApiGateway::ApiKey", Properties: { Value: "chosen-by-the-template" } },
  };
  addGeneratedValues({ Resources: resources }, file);
  return {
    secret: resources.Secret?.Properties?.SecretString,
    key: resources.Key?.Properties?.Value,
    chosen: resources.Chosen?.Properties?.Value,
  };
};

test("secrets and API keys are generated unless the template sets them", () => {
  expect(generate()).toEqual({
    secret: expect.stringMatching(/^.{32}$/),
    key: expect.stringMatching(/^[a-z0-9]{40}$/),
    chosen: "chosen-by-the-template",
  });
});

test("without a file the values are new in every run", () => {
  expect(generate().secret).not.toBe(generate().secret);
  expect(generate().key).not.toBe(generate().key);
});

test("with a file the values stay the same, and only this user can read it", () => {
  const folder = mkdtempSync(join(tmpdir(), "downlink-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "new", "values.json");
  expect(generate(file)).toEqual(generate(file));
  expect(statSync(file).mode & 0o777).toBe(0o600);
});
