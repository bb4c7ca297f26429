import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createTables } from "../../../local/dynamodb/create-tables.ts";
import { startDatabase } from "../../../local/dynamodb/database.ts";
import { addGeneratedValues } from "../../../local/host/generated-values.ts";
import type { TemplateResource } from "../../../local/template/assembly.ts";
import { resolveStack } from "../../../local/template/stack.ts";
import { assemblyOf, smallResources } from "../support/small-template.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "downlink-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("tables on disk", () => {
  const Item = { id: { S: "a" }, at: { N: "12345678901234567890" } };
  async function open(edit: (table: Record<string, unknown>) => void = () => {}) {
    const resources = smallResources();
    edit(resources.Table?.Properties ?? {});
    const stack = resolveStack(assemblyOf(resources));
    const database = await startDatabase(join(folder, "tables"));
    const TableName = stack.physicalId("Table");
    return { stack, database, TableName };
  }

  test("are there again after a restart", async () => {
    const first = await open();
    await createTables(first.stack, first.database);
    const put = await first.database.request("PutItem", JSON.stringify({ TableName: first.TableName, Item }));
    expect(put.status).toBe(200);
    await first.database.close();

    const second = await open();
    await createTables(second.stack, second.database);
    const { body } = await second.database.request(
      "GetItem",
      JSON.stringify({ TableName: second.TableName, Key: { id: { S: "a" } } }),
    );
    expect(JSON.parse(body)).toEqual({ Item });
    await second.database.close();
  });

  test("are refused when the template has other keys by now", async () => {
    const first = await open();
    await createTables(first.stack, first.database);
    await first.database.close();

    const second = await open((table) => {
      table.KeySchema = [
        { AttributeName: "id", KeyType: "HASH" },
        { AttributeName: "at", KeyType: "RANGE" },
      ];
    });
    await expect(createTables(second.stack, second.database)).rejects.toThrow(/Table: the kept data have other keys/);
    await second.database.close();
  });
});

test("data that another process has open are refused", async () => {
  const database = await startDatabase(folder);
  await expect(startDatabase(folder)).rejects.toThrow(/^the data in .* are in use; stop the other npm start, or/);
  await database.close();
});

describe("secrets and API keys", () => {
  const made = (file?: string) => {
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

  test("are made up where the template leaves them out", () => {
    expect(made()).toEqual({
      secret: expect.stringMatching(/^.{32}$/),
      key: expect.stringMatching(/^[a-z0-9]{40}$/),
      chosen: "chosen-by-the-template",
    });
  });

  test("are new in every run that keeps nothing", () => {
    expect(made().secret).not.toBe(made().secret);
    expect(made().key).not.toBe(made().key);
  });

  test("are the same again when they are kept, in a file for this user only", () => {
    const file = join(folder, "new", "values.json");
    expect(made(file)).toEqual(made(file));
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});
