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

/** API Gateway for the APIs of one template. The first segment of a path names the stage. */
export interface Gateway {
  /** @returns false if no stage has this path; the request is then untouched */
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** @returns false if no stage has this path; the socket is then untouched */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Ends all connections and waits for their `$disconnect`. */
  close(): Promise<void>;
}

/** @throws if the template uses something of API Gateway that is not supported here */
export function createGateway({ stack, ...ports }: GatewayOptions): Gateway {
  refuseUnknownTypes(stack);
  const quota = createAccountLimits(ports.clock);
  const { region, accountId } = stack;
  const findApiKey = readUsagePlans(stack, ports.clock);
  const endpoints = byStageName([
    ...readWebSocketApis(stack).map((api) => createWebSocketEndpoint({ api, region, accountId, ports, quota })),
    ...readRestApis(stack).map((api) => createRestEndpoint({ api, region, accountId, ports, quota, findApiKey })),
  ]);
  const endpointOf = ({ url = "/" }: IncomingMessage) => endpoints.get(/^\/([^/?]*)/.exec(url)?.[1] ?? "");

  return {
    handleRequest: async (request, response) => {
      const endpoint = endpointOf(request);
      const isConnectionsPath = /^\/(?:@|%40)connections\//.test(request.url ?? "");
      if (!endpoint && !isConnectionsPath) return false;
      try {
        // Without its stage the @connections path is wrong, but still API Gateway's.
        if (!endpoint) send(response, stageMissing);
        await endpoint?.handleRequest(request, response);
      } catch (error) {
        // The caller hung up while it sent its body, or this gateway has a fault.
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

const stageMissing = { status: 403, errorType: "ForbiddenException", body: '{"message":"Forbidden"}' };

const knownTypes = new Set([
  ...["Api", "Stage", "Deployment", "Route", "RouteResponse", "Integration", "IntegrationResponse", "Authorizer"].map(
    (name) => `AWS::ApiGatewayV2::${name}`,
  ),
  ...[
    "RestApi",
    "Stage",
    "Deployment",
    "Resource",
    "Method",
    "GatewayResponse",
    "ApiKey",
    "UsagePlan",
    "UsagePlanKey",
  ].map((name) => `AWS::ApiGateway::${name}`),
  // The role that lets API Gateway write logs.
  "AWS::ApiGateway::Account",
]);

function refuseUnknownTypes(stack: Stack): void {
  for (const resource of stack.resources.values()) {
    const { logicalId, type } = resource;
    if (!type.startsWith("AWS::ApiGateway")) continue;
    if (!knownTypes.has(type)) {
      throw new Error(
        `${logicalId} has the type ${type}, which the local gateway does not support; remove it, or teach local/gateway what it does`,
      );
    }
    // Whatever the template has is deployed; a deployment that is more than that makes a stage of its own.
    if (type.endsWith("::Deployment")) readProperties(resource).ignore("ApiId", "RestApiId", "Description").assertAllRead();
  }
}

function byStageName(list: StageEndpoint[]): Map<string, StageEndpoint> {
  const endpoints = new Map<string, StageEndpoint>();
  for (const endpoint of list) {
    const { stageName } = endpoint;
    if (endpoints.has(stageName)) {
      throw new Error(
        `two stages are called ${stageName}; locally a stage's name is the start of its path, so each needs its own`,
      );
    }
    endpoints.set(stageName, endpoint);
  }
  return endpoints;
}
