import { expect, test } from "vitest";
import { startGateway } from "./support/start-gateway.ts";
import { lambdaRoute, mockRoute, type Resources, restApi, restMethod, socketApi } from "./support/templates.ts";

const push = restMethod("POST", "/push", { name: "push" });
const pong = (template: string) => mockRoute("ping", {}, { $default: template });

test.each<[string, Resources, string]>([
  [
    "two stages of the same name",
    { ...socketApi({}, { StageName: "api" }), ...restApi(push) },
    "two stages are called api",
  ],
  [
    "an unknown resource type",
    socketApi({ Mapping: { Type: "AWS::ApiGatewayV2::Model", Properties: { Name: "x" } } }),
    "Mapping has the type AWS::ApiGatewayV2::Model, which the local gateway does not support",
  ],
  [
    "a deployment that creates a stage",
    restApi({ Old: { Type: "AWS::ApiGateway::Deployment", Properties: { StageName: "old" } } }),
    "Old (AWS::ApiGateway::Deployment) sets StageName",
  ],
  [
    "an unknown property",
    socketApi(lambdaRoute("hello", { route: { ModelSelectionExpression: "$default" } })),
    "helloRoute (AWS::ApiGatewayV2::Route) sets ModelSelectionExpression, which the local runtime does not support",
  ],
  [
    "an unknown integration type",
    socketApi(lambdaRoute("hello", { integration: { IntegrationType: "HTTP_PROXY" } })),
    'IntegrationType should be AWS_PROXY or MOCK, got "HTTP_PROXY"',
  ],
  [
    "an integration of something other than a Lambda",
    socketApi(lambdaRoute("hello", { integration: { IntegrationUri: "arn:aws:x" } })),
    "helloIntegration: the URI should be",
  ],
  [
    "a route to an unknown integration",
    socketApi(lambdaRoute("hello", { route: { Target: "integrations/x" } })),
    "helloRoute refers to x",
  ],
  [
    "an API key for a WebSocket",
    socketApi(lambdaRoute("$connect", { route: { ApiKeyRequired: true } })),
    "API keys of WebSockets are not supported",
  ],
  [
    "a stage without a deployment",
    socketApi({}, { AutoDeploy: false }),
    "SocketStage has neither AutoDeploy nor a DeploymentId",
  ],
  ["a directive in a template", socketApi(pong("#set($x = 1)$x")), "the template uses #set"],
  ["a variable in a template", socketApi(pong("$input.params('x')")), "the template uses $input.params"],
  [
    "a JSON path with a filter",
    socketApi(pong("$input.json('$.a[?(@.b)]')")),
    "JSON path $.a[?(@.b)] is not supported",
  ],
  [
    "an invalid integration response key",
    socketApi(mockRoute("ping", {}, { "200": "x" })),
    "its key should be $default or /a regular expression/",
  ],
  [
    "an authorizer of a REST method",
    restApi(restMethod("POST", "/push", { name: "push", method: { AuthorizationType: "CUSTOM" } })),
    'AuthorizationType should be NONE or AWS_IAM, got "CUSTOM"',
  ],
  [
    "a key without a value",
    restApi({ Key: { Type: "AWS::ApiGateway::ApiKey", Properties: { Enabled: true } } }),
    "Key (AWS::ApiGateway::ApiKey): Value should be a string",
  ],
])("%s is an error at the start", async (_, template, message) => {
  await expect(startGateway(template)).rejects.toThrow(message);
});
