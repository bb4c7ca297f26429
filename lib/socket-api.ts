import { Duration, Fn, Stack } from "aws-cdk-lib";
import {
  CfnIntegration,
  CfnIntegrationResponse,
  LogGroupLogDestination,
  WebSocketApi,
  WebSocketStage,
} from "aws-cdk-lib/aws-apigatewayv2";
import { WebSocketLambdaAuthorizer } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import { WebSocketLambdaIntegration, WebSocketMockIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { ISecret } from "aws-cdk-lib/aws-secretsmanager";
import { Construct } from "constructs";
import { frameCodes } from "../protocol/codes.ts";
import { type Action, routes, type ServerFrame } from "../protocol/frames.ts";
import { type AccessLogs, type AccessLogsProps, socketLogFormat } from "./access-logs.ts";
import { lambdaFunction } from "./lambda-function.ts";
import type { Tables } from "./tables.ts";

export interface SocketApiProps extends AccessLogsProps {
  readonly tables: Tables;
  readonly accessLogs: AccessLogs;
  readonly tokenSecret: ISecret;
  readonly allowedOrigins: string[];
  readonly rateLimit: number;
  readonly burstLimit: number;
}

/** What a heartbeat is answered with, by API Gateway alone: no Lambda runs. */
const alive: Extract<ServerFrame, { type: "heartbeat" }> = {
  type: "heartbeat",
  eventName: "heartbeatResp",
  data: { code: frameCodes.alive, msg: "alive" },
};

/** The WebSocket side: the handshake's authorizer and one route per action of the protocol. */
export class SocketApi extends Construct {
  readonly stage: WebSocketStage;
  private readonly api: WebSocketApi;

  constructor(scope: Construct, id: string, props: SocketApiProps) {
    super(scope, id);
    const authorize = this.authorizeFunction(props);
    const socket = (route: string) => new WebSocketLambdaIntegration(`${route}Integration`, socketFunction);

    this.api = new WebSocketApi(this, "Api", { routeSelectionExpression: "$request.body.action" });
    this.stage = new WebSocketStage(this, "Stage", {
      webSocketApi: this.api,
      stageName: "socket",
      autoDeploy: true,
      throttle: { rateLimit: props.rateLimit, burstLimit: props.burstLimit },
      accessLogSettings: {
        destination: new LogGroupLogDestination(props.accessLogs.socket),
        format: socketLogFormat,
      },
    });
    const socketFunction = this.socketFunction(props);

    this.api.addRoute("$connect", {
      integration: socket("Connect"),
      // No identity source: the token comes in the query string or as a subprotocol, and API Gateway answers 401
      // without asking the Lambda when any source that is named is missing.
      authorizer: new WebSocketLambdaAuthorizer("Authorizer", authorize, { identitySource: [] }),
    });
    this.api.addRoute("$disconnect", { integration: socket("Disconnect") });
    this.api.addRoute("$default", { integration: socket("Unknown"), returnResponse: true });
    for (const action of Object.keys(routes) as Action[]) {
      switch (routes[action]) {
        case "answered":
          this.api.addRoute(action, { integration: socket(action), returnResponse: true });
          break;
        case "silent":
          this.api.addRoute(action, { integration: socket(action) });
          break;
        case "mock":
          this.addMockRoute(action);
          break;
        default:
          routes[action] satisfies never;
      }
    }

    this.stage.node.addDependency(this.api, props.accessLogs.account);
  }

  /** Lets `grantee` post to connections and ask whether they are there. Not: close them. */
  grantConnections(grantee: IGrantable): Grant {
    const resources = ["POST", "GET"].map((verb) =>
      Stack.of(this).formatArn({
        service: "execute-api",
        resource: this.api.apiId,
        resourceName: `${this.stage.stageName}/${verb}/@connections/*`,
      }),
    );
    return Grant.addToPrincipal({ grantee, actions: ["execute-api:ManageConnections"], resourceArns: resources });
  }

  private authorizeFunction({ tokenSecret, allowedOrigins, logRetention, removalPolicy }: SocketApiProps): IFunction {
    const authorize = lambdaFunction(this, "Authorize", {
      entry: "authorize",
      description: "Downlink: who may open a connection",
      environment: { TOKEN_SECRET_ARN: tokenSecret.secretArn, ALLOWED_ORIGINS: Fn.join(",", allowedOrigins) },
      memorySize: 512,
      timeout: Duration.seconds(10),
      logRetention,
      removalPolicy,
    });
    Grant.addToPrincipal({
      grantee: authorize,
      actions: ["secretsmanager:GetSecretValue"],
      // The name of a secret imported by name lacks the six characters that Secrets Manager appends.
      resourceArns: [tokenSecret.secretFullArn ?? `${tokenSecret.secretArn}-??????`],
    });
    tokenSecret.encryptionKey?.grantDecrypt(authorize);
    return authorize;
  }

  private socketFunction({ tables, logRetention, removalPolicy }: SocketApiProps): IFunction {
    const socket = lambdaFunction(this, "Socket", {
      entry: "socket",
      description: "Downlink: frames of connections",
      environment: {
        CONNECTIONS_TABLE: tables.connections.tableName,
        ROOMS_TABLE: tables.rooms.tableName,
        CALLBACK_URL: this.stage.callbackUrl,
      },
      memorySize: 512,
      timeout: Duration.seconds(28),
      logRetention,
      removalPolicy,
    });
    const oneItem = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem"];
    tables.connections.grant(socket, ...oneItem);
    tables.rooms.grant(socket, ...oneItem, "dynamodb:Query");
    this.grantConnections(socket);
    return socket;
  }

  private addMockRoute(action: Action): void {
    const route = this.api.addRoute(action, {
      returnResponse: true,
      integration: new WebSocketMockIntegration(`${action}Integration`, {
        requestTemplates: { $default: JSON.stringify({ statusCode: 200 }) },
        templateSelectionExpression: "\\$default",
      }),
    });
    const integration = route.node.findAll().find((child) => child instanceof CfnIntegration);
    if (!integration) throw new Error(`the route ${action} has no integration to answer for`);
    // Without it the client gets "Internal server error"; the CDK has no construct of its own for it.
    new CfnIntegrationResponse(route, "IntegrationResponse", {
      apiId: this.api.apiId,
      integrationId: integration.ref,
      integrationResponseKey: "$default",
      templateSelectionExpression: "\\$default",
      responseTemplates: { $default: JSON.stringify(alive) },
    });
  }
}
