import { type PropertyReader, readProperties } from "../../template/property-reader.ts";
import type { Resource, Stack } from "../../template/stack.ts";
import { maxTimeoutMs } from "../integration/invoke-lambda.ts";
import { functionArnOf } from "../integration/lambda-uri.ts";
import type { MappingTemplate } from "../integration/mapping-template.ts";
import { readThrottle } from "../throttling/read-throttle.ts";
import type { Throttle } from "../throttling/token-bucket.ts";
import { type GatewayResponse, readGatewayResponses } from "./gateway-responses.ts";
import { readHeaders, readJsonTemplate } from "./response-mappings.ts";

/** One stage of a REST API of the template. */
export interface RestApi {
  apiId: string;
  stageName: string;
  deploymentId: string;
  stageVariables: Record<string, string>;
  resources: RestResource[];
  gatewayResponses: ReadonlyMap<string, GatewayResponse>;
  /**
   * The throttle of a method; `undefined` if it has none.
   *
   * @param methodKey such as `/push/POST`
   */
  throttleOf: (methodKey: string) => Throttle | undefined;
}
/** A resource (path) of the API. */
export interface RestResource {
  id: string;
  /** `/rooms/{id}` */
  path: string;
  /** By HTTP method, or `ANY`. */
  methods: ReadonlyMap<string, Method>;
}
/** A method of a resource. */
export interface Method {
  apiKeyRequired: boolean;
  /** Authorization type AWS_IAM: a request needs a Signature Version 4. */
  isSigned: boolean;
  operationName: string | undefined;
  integration: Integration;
}
/** What a method runs. */
export type Integration =
  | { type: "lambda"; functionArn: string; timeoutMs: number }
  | { type: "mock"; request: MappingTemplate | undefined; responses: MockResponse[] };
/** An IntegrationResponse of a MOCK integration. */
export interface MockResponse {
  /** Matches the status code of the request template; `undefined` for the default response. */
  pattern: RegExp | undefined;
  status: number;
  headers: Record<string, string>;
  body: MappingTemplate | undefined;
}

/** @throws if the template uses a feature that the local gateway does not support */
export function readRestApis(stack: Stack): RestApi[] {
  return stack.ofType("AWS::ApiGateway::RestApi").flatMap((api) => {
    const apiId = stack.physicalId(api.logicalId);
    const reader = readProperties(api).ignore("Name", "Description", "Tags", "EndpointConfiguration", "FailOnWarnings");
    reader.oneOf("ApiKeySourceType", ["HEADER"]);
    if (reader.boolean("DisableExecuteApiEndpoint"))
      throw new Error(`${api.logicalId} sets DisableExecuteApiEndpoint, but the local gateway has no other endpoint`);
    reader.assertAllRead();
    const resources = readResources(stack, apiId);
    const gatewayResponses = readGatewayResponses(stack, apiId);
    return stack
      .ofType("AWS::ApiGateway::Stage")
      .filter(({ properties }) => properties.RestApiId === apiId)
      .map((stage) => ({ apiId, resources, gatewayResponses, ...readStage(stage) }));
  });
}

function readStage(stage: Resource): Pick<RestApi, "stageName" | "stageVariables" | "throttleOf" | "deploymentId"> {
  const reader = readProperties(stage).ignore("RestApiId", "Description", "Tags", "AccessLogSetting", "TracingEnabled");
  const throttles = new Map(
    reader.objects("MethodSettings").map((settings) => {
      const path = settings
        .string("ResourcePath")
        .replaceAll("~1", "/")
        .replace(/^\/(?=\/)/, "");
      const key = `${path}/${settings.string("HttpMethod")}`;
      const throttle = readThrottle(settings, "ThrottlingRateLimit", "ThrottlingBurstLimit");
      settings.ignore("DataTraceEnabled", "LoggingLevel", "MetricsEnabled").assertAllRead();
      return [key, throttle];
    }),
  );
  const stageName = reader.string("StageName");
  const deploymentId = reader.string("DeploymentId");
  const stageVariables = reader.stringMap("Variables");
  reader.assertAllRead();
  return {
    stageName,
    deploymentId,
    stageVariables,
    throttleOf: (methodKey) => throttles.get(methodKey) ?? throttles.get("/*/*"),
  };
}

function readResources(stack: Stack, apiId: string): RestResource[] {
  const ofApi = (type: string) => stack.ofType(type).filter(({ properties }) => properties.RestApiId === apiId);
  const pathParts = new Map<string, { parentId: string; part: string }>();
  for (const resource of ofApi("AWS::ApiGateway::Resource")) {
    const reader = readProperties(resource).ignore("RestApiId");
    pathParts.set(stack.physicalId(resource.logicalId), {
      parentId: reader.string("ParentId"),
      part: reader.string("PathPart"),
    });
    reader.assertAllRead();
  }
  // The root is not a resource of the template, so an unknown parent is the root.
  const pathOf = (id: string): string => {
    const found = pathParts.get(id);
    return found ? `${pathOf(found.parentId)}/${found.part}` : "";
  };
  const methods = new Map<string, Map<string, Method>>();
  for (const resource of ofApi("AWS::ApiGateway::Method")) {
    const id = String(resource.properties.ResourceId);
    const known = methods.get(id) ?? new Map<string, Method>();
    methods.set(id, known.set(String(resource.properties.HttpMethod), readMethod(resource)));
  }
  return [...methods].map(([id, known]) => ({ id, path: pathOf(id) || "/", methods: known }));
}

function readMethod(resource: Resource): Method {
  // A proxy integration passes responses through unchanged, so MethodResponses have no effect.
  const reader = readProperties(resource).ignore("RestApiId", "ResourceId", "HttpMethod", "MethodResponses");
  const integration = reader.object("Integration");
  if (!integration) throw new Error(`${resource.logicalId} should have an Integration, got none`);
  const method = {
    apiKeyRequired: reader.boolean("ApiKeyRequired"),
    isSigned: reader.oneOf("AuthorizationType", ["NONE", "AWS_IAM"]) === "AWS_IAM",
    operationName: reader.optionalString("OperationName"),
    integration: readIntegration(integration, resource.logicalId),
  };
  reader.assertAllRead();
  return method;
}

function readIntegration(reader: PropertyReader, location: string): Integration {
  reader.ignore("IntegrationHttpMethod", "PassthroughBehavior");
  const timeoutMs = reader.optionalNumber("TimeoutInMillis") ?? maxTimeoutMs;
  const uri = reader.optionalString("Uri") ?? "";
  if (reader.oneOf("Type", ["AWS_PROXY", "MOCK"]) === "AWS_PROXY") {
    reader.ignore("IntegrationResponses").assertAllRead();
    return { type: "lambda", functionArn: functionArnOf(uri, location), timeoutMs };
  }
  const request = readJsonTemplate(reader, "RequestTemplates", location);
  const responses = reader.objects("IntegrationResponses").map((response): MockResponse => {
    const pattern = response.optionalString("SelectionPattern");
    const mock = {
      pattern: pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`),
      status: Number(response.string("StatusCode")),
      headers: readHeaders(response.stringMap("ResponseParameters"), "method.response.header.", location),
      body: readJsonTemplate(response, "ResponseTemplates", location),
    };
    response.assertAllRead();
    return mock;
  });
  reader.assertAllRead();
  return { type: "mock", request, responses };
}
