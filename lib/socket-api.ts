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
  /** Acks, or heartbeats, with frames of one other kind, per second. */
  readonly rateLimit: number;
  readonly burstLimit: number;
}

/** What a heartbeat is answered with by API Gateway alone: no Lambda runs. */
const alive: Extract<ServerFrame, { type: "heartbeat" }> = {
  type: "heartbeat",
  eventName: "heartbeatResp",
  data: { code: frameCodes.alive, msg: "alive" },
};

/** What every page sends: acks while messages come, heartbeats while none do, so never both at their most. */
const crowdedRoutes: readonly Action[] = ["ack", "heartbeat"];
/** Their part of the limit. The acks of `postsPerSecond` fit into it. */
const crowdedShare = 7 / 9;

/**
 * API Gateway counts each route by itself: a limit of the stage would let so much through each of them. Every other
 * route may have all of the rest, as one or two of them are busy at a time; a part for each would refuse one while
 * nothing else moves.
 */
function dividedThrottle({ rateLimit, burstLimit }: Required<ThrottleSettings>) {
  const crowdedOf = (limit: number) => Math.max(1, Math.floor(limit * crowdedShare));
  const othersOf = (limit: number) => Math.max(1, limit - crowdedOf(limit));
  return {
    crowded: { rateLimit: crowdedOf(rateLimit), burstLimit: crowdedOf(burstLimit) },
    others: { rateLimit: othersOf(rateLimit), burstLimit: othersOf(burstLimit) },
  };
}

/** The WebSocket side: the handshake and one route per action of the protocol. */
export class SocketApi extends Construct {
  readonly stage: WebSocketStage;
  private readonly api: WebSocketApi;

  constructor(scope: Construct, id: string, props: SocketApiProps) {
    super(scope, id);
    const { accessLogs, rateLimit, burstLimit } = props;
    const throttles = dividedThrottle({ rateLimit, burstLimit });
    this.api = new WebSocketApi(this, "Api", {
      description: "Downlink: pages connect",
      routeSelectionExpression: "$request.body.action",
    });
    this.stage = new WebSocketStage(this, "Stage", {
      webSocketApi: this.api,
      stageName: "socket",
      autoDeploy: true,
      throttle: throttles.others,
      accessLogSettings: { destination: new LogGroupLogDestination(accessLogs.socket), format: socketLogFormat },
    });
    // Without a construct of its own in the CDK; the names are those of the template.
    const { rateLimit: ThrottlingRateLimit, burstLimit: ThrottlingBurstLimit } = throttles.crowded;
    (this.stage.node.defaultChild as CfnStage).routeSettings = Object.fromEntries(
      crowdedRoutes.map((action) => [action, { ThrottlingRateLimit, ThrottlingBurstLimit }]),
    );
    this.addRoutes(props);
    // A deployment without routes is refused, and one without some of them answers their frames "Forbidden".
    this.stage.node.addDependency(this.api, accessLogs.account);
  }

  private addRoutes(props: SocketApiProps): void {
    const socket = socketFunction(this, { ...props, stage: this.stage });
    // One integration per route: the CDK gives the permission to invoke with it.
    const toSocket = (name: string) => new WebSocketLambdaIntegration(`${name}Integration`, socket);

    this.api.addRoute("$connect", {
      integration: toSocket("connect"),
      // No identity source: API Gateway answers 401 by itself when one that is named is missing, and the token comes
      // either in the query string or as a subprotocol.
      authorizer: new WebSocketLambdaAuthorizer("Authorizer", authorizeFunction(this, props), { identitySource: [] }),
    });
    this.addOpenRoute("$disconnect", { integration: toSocket("disconnect") });
    this.addOpenRoute("$default", { integration: toSocket("default"), returnResponse: true });
    for (const action of Object.keys(routes) as Action[]) {
      const travels = routes[action];
      switch (travels) {
        case "answered":
          this.addOpenRoute(action, { integration: toSocket(action), returnResponse: true });
          break;
        // A route that may answer would send an empty frame for each ack that has nothing to say, or may: who measured it
        // saw one, and it is billed.
        case "posted":
        case "silent":
          this.addOpenRoute(action, { integration: toSocket(action) });
          break;
        case "mock":
          this.addMockRoute(action);
          break;
        default:
          travels satisfies never;
      }
    }
  }

  private addOpenRoute(routeKey: string, options: WebSocketRouteOptions): WebSocketRoute {
    const route = this.api.addRoute(routeKey, options);
    suppress(route, "APIG4", "API Gateway authorizes a connection once, on $connect; other routes cannot");
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
    if (!integration) throw new Error(`the route ${action} has no integration whose answer could be set`);
    // The CDK makes no integration response; without one the page gets "Internal server error".
    new CfnIntegrationResponse(route, "IntegrationResponse", {
      apiId: this.api.apiId,
      integrationId: integration.ref,
      integrationResponseKey: "$default",
      templateSelectionExpression: "\\$default",
      responseTemplates: { $default: JSON.stringify(alive) },
    });
  }
}
