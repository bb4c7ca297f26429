import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { readProperties } from "../template/property-reader.ts";
import type { Stack } from "../template/stack.ts";
import { readRestApis } from "./rest/api-spec.ts";
import { createRestEndpoint } from "./rest/endpoint.ts";
import { readUsagePlans } from "./rest/usage-plans.ts";
import type { StageEndpoint } from "./stage/endpoint.ts";
import type { GatewayPorts } from "./stage/ports.ts";
import { send } from "./stage/response.ts";
import { createAccountLimits } from "./throttling/account-limits.ts";
import { readWebSocketApis } from "./websocket/api-spec.ts";
import { createWebSocketEndpoint } from "./websocket/endpoint.ts";

export interface GatewayOptions extends GatewayPorts {
  stack: Stack;
}

/** API Gateway for all APIs of the template. The first segment of a path is the name of the stage. */
export interface Gateway {
  /** @returns false if no stage has this path; the request is then untouched */
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** @returns false if no stage has this path; the socket is then untouched */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Closes all connections and waits for their `$disconnect`. */
  close(): Promise<void>;
}

/** @throws if the template uses a feature of API Gateway that is not supported here */
export function createGateway({ stack, ...ports }: GatewayOptions): Gateway {
  checkResourceTypes(stack);
  const limits = createAccountLimits(ports.clock);
  const { region, accountId } = stack;
  const findApiKey = readUsagePlans(stack, ports.clock);
  const endpoints = byStageName([
    ...readWebSocketApis(stack).map((api) => createWebSocketEndpoint({ api, region, accountId, ports, limits })),
    ...readRestApis(stack).map((api) => createRestEndpoint({ api, region, accountId, ports, limits, findApiKey })),
  ]);
  const endpointOf = ({ url = "/" }: IncomingMessage) => endpoints.get(/^\/([^/?]*)/.exec(url)?.[1] ?? "");

  return {
    handleRequest: async (request, response) => {
      const endpoint = endpointOf(request);
      const isConnectionsPath = /^\/(?:@|%40)connections\//.test(request.url ?? "");
      if (!endpoint && !isConnectionsPath) return false;
      try {
        // A path of the @connections API without a stage is wrong, but API Gateway responds to it.
        if (!endpoint) send(response, forbidden);
        await endpoint?.handleRequest(request, response);
      } catch (error) {
        // The client disconnected while it sent its body, or the gateway has a bug.
        ports.log(`${request.method} ${endpoint?.stageName}: ${String(error)}`);
        send(response, { status: 500, errorType: "InternalServerErrorException" });
      }
      return true;
    },
    handleUpgrade: (request, socket, head) => {
      const endpoint = endpointOf(request);
      endpoint?.handleUpgrade(request, socket, head);
      return endpoint !== undefined;
    },
    close: async () => {
      await Promise.all([...endpoints.values()].map((endpoint) => endpoint.close()));
    },
  };
}

const forbidden = { status: 403, errorType: "ForbiddenException", body: '{"message":"Forbidden"}' };

const webSocketTypes = "Api Stage Deployment Route RouteResponse Integration IntegrationResponse Authorizer";
// Account: the role with which API Gateway writes its logs.
const restTypes = "RestApi Stage Deployment Resource Method GatewayResponse ApiKey UsagePlan UsagePlanKey Account";
const supportedTypes = new Set([
  ...webSocketTypes.split(" ").map((name) => `AWS::ApiGatewayV2::${name}`),
  ...restTypes.split(" ").map((name) => `AWS::ApiGateway::${name}`),
]);

function checkResourceTypes(stack: Stack): void {
  for (const resource of stack.resources.values()) {
    const { logicalId, type } = resource;
    if (!type.startsWith("AWS::ApiGateway")) continue;
    if (!supportedTypes.has(type)) {
      throw new Error(
        `${logicalId} has the type ${type}, which the local gateway does not support; remove it, or add support for it in local/api-gateway`,
      );
    }
    // The whole template counts as deployed. A Deployment with more properties creates a stage of its own.
    if (type.endsWith("::Deployment")) {
      readProperties(resource).ignore("ApiId", "RestApiId", "Description").assertAllRead();
    }
  }
}

function byStageName(list: StageEndpoint[]): Map<string, StageEndpoint> {
  const endpoints = new Map<string, StageEndpoint>();
  for (const endpoint of list) {
    const { stageName } = endpoint;
    if (endpoints.has(stageName)) {
      throw new Error(
        `two stages are called ${stageName}; locally the stage name is the start of the path, so give each stage a name of its own`,
      );
    }
    endpoints.set(stageName, endpoint);
  }
  return endpoints;
}
