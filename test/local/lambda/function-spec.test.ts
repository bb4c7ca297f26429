import { expect, test } from "vitest";
import { toFunctionSpec } from "../../../local/lambda/function-spec.ts";
import type { TemplateResource } from "../../../local/template/assembly.ts";
import { resolveStack } from "../../../local/template/stack.ts";
import { assemblyOf, handlersFolder, smallResources } from "../support/small-template.ts";

const credentials = { accessKeyId: "ASIA1", secretAccessKey: "secret", sessionToken: "token" };
const serviceUrls = { gateway: "http://127.0.0.1:4500", aws: "http://127.0.0.1:9000", s3: "http://127.0.0.1:9001" };
function specOf(
  edit: (properties: Record<string, unknown>) => void = () => {},
  more: Record<string, TemplateResource> = {},
) {
  const resources: Record<string, TemplateResource> = { ...smallResources(), ...more };
  edit(resources.Function?.Properties ?? {});
  const stack = resolveStack(assemblyOf(resources));
  const resource = stack.resources.get("Function");
  if (!resource) throw new Error("the small template has a function");
  return toFunctionSpec(stack, resource, credentials, serviceUrls);
}

test("a function gets its code, handler, memory and timeout from the template", () => {
  expect(specOf()).toMatchObject({
    folder: handlersFolder,
    handler: "index.variables",
    memoryMb: 256,
    timeoutMs: 5_000,
  });
});

test("memory and timeout default to those of AWS", () => {
  const spec = specOf((properties) => {
    delete properties.MemorySize;
    delete properties.Timeout;
  });
  expect(spec).toMatchObject({ memoryMb: 128, timeoutMs: 3_000 });
});

test("the variables are those of the template, those of Lambda, and the local endpoints", () => {
  const { variables, functionName } = specOf();
  expect(variables).toEqual({
    TABLE: expect.stringMatching(/^Small-Table-/),
    CALLBACK_URL: "http://127.0.0.1:4500/socket",
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "ASIA1",
    AWS_SECRET_ACCESS_KEY: "secret",
    AWS_SESSION_TOKEN: "token",
    AWS_ENDPOINT_URL_DYNAMODB: "http://127.0.0.1:9000",
    AWS_ENDPOINT_URL_EVENTBRIDGE: "http://127.0.0.1:9000",
    AWS_ENDPOINT_URL_SECRETS_MANAGER: "http://127.0.0.1:9000",
    AWS_ENDPOINT_URL_SQS: "http://127.0.0.1:9000",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: "256",
    AWS_LAMBDA_FUNCTION_NAME: functionName,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${functionName}`,
    LAMBDA_TASK_ROOT: handlersFolder,
    LANG: "en_US.UTF-8",
    TZ: ":UTC",
    _HANDLER: "index.variables",
  });
});

test.each([
  ["another runtime", { Runtime: "python3.13" }, /Function has the runtime python3\.13; .* Node\.js only/],
  ["layers", { Layers: ["arn"] }, /Function uses layers/],
  ["inline code", { Code: { ZipFile: "…" } }, /Function should have its code in a file asset/],
  ["a missing file asset", { Code: { S3Key: "gone.zip" } }, /no file asset gone\.zip/],
])("a function with %s is rejected", (_, change, message) => {
  expect(() => specOf((properties) => Object.assign(properties, change))).toThrow(message);
});

test("a bucket URL becomes a path of the local S3 server", () => {
  const BUCKET_URL = { "Fn::Join": ["", ["https://", { "Fn::GetAtt": ["Bucket", "RegionalDomainName"] }]] };
  const { variables } = specOf(
    (properties) => {
      properties.Environment = { Variables: { BUCKET_URL } };
    },
    { Bucket: { Type: "AWS::S3::Bucket", Properties: {} } },
  );
  expect(variables.BUCKET_URL).toMatch(/^http:\/\/127\.0\.0\.1:9001\/small-bucket-[a-z0-9]{12}$/);
});
