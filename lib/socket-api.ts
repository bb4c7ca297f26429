import { Stack } from "aws-cdk-lib";
import {
  CfnIntegration,
  CfnIntegrationResponse,
  type CfnStage,
  LogGroupLogDestination,
  type ThrottleSettings,
  WebSocketApi,
  type WebSocketRoute,
  type WebSocketRouteOptions,
  WebSocketStage,
} from "aws-cdk-lib/aws-apigatewayv2";
import { WebSocketLambdaAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { WebSocketLambdaIntegration, WebSocketMockIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Construct } from "constructs";
import { frameCodes } from "../protocol/codes.ts";
import { type Action, routes, type ServerFrame } from "../protocol/frames.ts";
import { type AccessLogs, socketLogFormat } from "./access-logs.ts";
import { authorizeFunction, socketFunction, type TokenProps } from "./functions.ts";
import type { RoomProps } from "./room-function.ts";
import { suppress } from "./suppress.ts";

export interface SocketApiProps extends Omit<RoomProps, "stage">, TokenProps {
  readonly accessLogs: AccessLogs;
  /** Frames per second: acks or heartbeats, plus frames of one other kind. */
  readonly rateLimit: number;
  readonly burstLimit: number;
}

/** API Gateway replies to heartbeats with this frame, without a Lambda function. */
const heartbeatReply: Extract<ServerFrame, { type: "heartbeat" }> = {
  type: "heartbeat",
  eventName: "heartbeatResp",
  data: { code: frameCodes.alive, msg: "alive" },
};

/**
 * The routes that every page uses. A page sends acks while messages arrive and heartbeats while none do, so the two never
 * peak at the same time.
 */
const busyRoutes: readonly Action[] = ["ack", "heartbeat"];
/** Their share of the limit. By default it equals `postsPerSecond`, so the acks of all posts fit into it. */
const busyShare = 7 / 9;

/**
 * Divides the limit over routes. API Gateway counts each route separately, so the whole limit on the stage would apply to
 * every route. The other routes do not split the rest: only one or two of them are busy at a time.
 */
function dividedThrottle({ rateLimit, burstLimit }: Required<ThrottleSettings>) {
  const busyOf = (limit: number) => Math.max(1, Math.floor(limit * busyShare));
  const othersOf = (limit: number) => Math.max(1, limit - busyOf(limit));
  return {
    busy: { rateLimit: busyOf(rateLimit), burstLimit: busyOf(burstLimit) },
    others: { rateLimit: othersOf(rateLimit), burstLimit: othersOf(burstLimit) },
  };
}

/** The WebSocket API: the handshake and one route per action of the protocol. */
export class SocketApi extends Construct {
  readonly stage: WebSocketStage;
  private readonly api: WebSocketApi;

  constructor(scope: Construct, id: string, props: SocketApiProps) {
    super(scope, id);
    const { accessLogs, rateLimit, burstLimit } = props;
    const throttles = dividedThrottle({ rateLimit, burstLimit });
    this.api = new WebSocketApi(this, "Api", {
      apiName: `${Stack.of(this).stackName}-socket`,
      description: "Downlink: WebSocket connections of pages",
      routeSelectionExpression: "$request.body.action",
    });
    this.stage = new WebSocketStage(this, "Stage", {
      webSocketApi: this.api,
      stageName: "socket",
      autoDeploy: true,
      throttle: throttles.others,
      accessLogSettings: { destination: new LogGroupLogDestination(accessLogs.socket), format: socketLogFormat },
    });
    // The CDK has no construct for route settings, so these are CloudFormation properties.
    const { rateLimit: ThrottlingRateLimit, burstLimit: ThrottlingBurstLimit } = throttles.busy;
    (this.stage.node.defaultChild as CfnStage).routeSettings = Object.fromEntries(
      busyRoutes.map((action) => [action, { ThrottlingRateLimit, ThrottlingBurstLimit }]),
    );
    this.addRoutes(props);
    // API Gateway refuses a deployment without routes, and replies "Forbidden" to frames of routes that a deployment lacks.
    this.stage.node.addDependency(this.api, accessLogs.account);
  }

  private addRoutes(props: SocketApiProps): void {
    const socket = socketFunction(this, { ...props, stage: this.stage });
    // One integration per route, because the CDK adds the route's invoke permission with it.
    const toSocket = (name: string) => new WebSocketLambdaIntegration(`${name}Integration`, socket);

    this.api.addRoute("$connect", {
      integration: toSocket("connect"),
      // No identity source: the token is either in the query string or a subprotocol, and API Gateway answers 401 if any
      // listed source is missing.
      authorizer: new WebSocketLambdaAuthorizer("Authorizer", authorizeFunction(this, props), { identitySource: [] }),
    });
    this.addOpenRoute("$disconnect", { integration: toSocket("disconnect") });
    this.addOpenRoute("$default", { integration: toSocket("default"), returnResponse: true });
    for (const action of Object.keys(routes) as Action[]) {
      const reply = routes[action];
      switch (reply) {
        case "answered":
          this.addOpenRoute(action, { integration: toSocket(action), returnResponse: true });
          break;
        // On a route with a route response, an ack without a reply was measured to cause an empty frame, which is billed.
        case "posted":
        case "silent":
          this.addOpenRoute(action, { integration: toSocket(action) });
          break;
        case "mock":
          this.addMockRoute(action);
          break;
        default:
          reply satisfies never;
      }
    }
  }

  private addOpenRoute(routeKey: string, options: WebSocketRouteOptions): WebSocketRoute {
    const route = this.api.addRoute(routeKey, options);
    suppress(
      route,
      "APIG4",
      "API Gateway authorizes a connection once, on $connect; other routes cannot have an authorizer",
    );
    return route;
  }

  private addMockRoute(action: Action): void {
    const route = this.addOpenRoute(action, {
      returnResponse: true,
      integration: new WebSocketMockIntegration(`${action}Integration`, {
        requestTemplates: { $default: JSON.stringify({ statusCode: 200 }) },
        templateSelectionExpression: "\\$default",
      }),
    });
    const integration = route.node.findAll().find((child) => child instanceof CfnIntegration);
    if (!integration) throw new Error(`the route ${action} has no integration to add a response to`);
    // The CDK creates no integration response. Without one, the page receives "Internal server error".
    new CfnIntegrationResponse(route, "IntegrationResponse", {
      apiId: this.api.apiId,
      integrationId: integration.ref,
      integrationResponseKey: "$default",
      templateSelectionExpression: "\\$default",
      responseTemplates: { $default: JSON.stringify(heartbeatReply) },
    });
  }
}
