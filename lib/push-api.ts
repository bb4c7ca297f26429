import { Duration, Stack } from "aws-cdk-lib";
import {
  EndpointType,
  type IApiKey,
  LambdaIntegration,
  LogGroupLogDestination,
  ResponseType,
  RestApi,
} from "aws-cdk-lib/aws-apigateway";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { type PushCode, pushCodes } from "../protocol/codes.ts";
import { type AccessLogs, type AccessLogsProps, pushLogFormat } from "./access-logs.ts";
import { lambdaFunction } from "./lambda-function.ts";
import type { SocketApi } from "./socket-api.ts";
import type { Tables } from "./tables.ts";

export interface PushApiProps extends AccessLogsProps {
  readonly tables: Tables;
  readonly accessLogs: AccessLogs;
  readonly socketApi: SocketApi;
  readonly retention: Duration;
  readonly rateLimit: number;
  readonly burstLimit: number;
}

/** The REST side: `POST /push` behind an API key. */
export class PushApi extends Construct {
  readonly url: string;
  readonly apiKey: IApiKey;

  constructor(scope: Construct, id: string, props: PushApiProps) {
    super(scope, id);
    const throttle = { rateLimit: props.rateLimit, burstLimit: props.burstLimit };
    const api = new RestApi(this, "Api", {
      description: "Downlink: services push to pages",
      endpointTypes: [EndpointType.REGIONAL],
      cloudWatchRole: false,
      deployOptions: {
        stageName: "api",
        throttlingRateLimit: throttle.rateLimit,
        throttlingBurstLimit: throttle.burstLimit,
        accessLogDestination: new LogGroupLogDestination(props.accessLogs.push),
        accessLogFormat: pushLogFormat,
      },
    });
    api.deploymentStage.node.addDependency(props.accessLogs.account);
    this.url = api.deploymentStage.urlForPath("/push");

    api.root
      .addResource("push")
      .addMethod("POST", new LambdaIntegration(this.pushFunction(props), { allowTestInvoke: false }), {
        apiKeyRequired: true,
      });

    this.apiKey = api.addApiKey("Key", { description: "Downlink: for services that push" });
    const plan = api.addUsagePlan("Plan", { throttle, apiStages: [{ stage: api.deploymentStage }] });
    plan.addApiKey(this.apiKey);

    for (const { type, code, msg } of gatewayAnswers) {
      const { status } = pushCodes[code];
      api.addGatewayResponse(type.responseType, {
        type,
        // 5xx keeps its own: 502, 503 and 504 tell the operator more than 500.
        ...(status < 500 ? { statusCode: String(status) } : {}),
        templates: { "application/json": JSON.stringify({ code: pushCodes[code].code, msg }) },
      });
    }
  }

  /** Lets `grantee` read the API key's value. */
  grantKey(grantee: IGrantable): Grant {
    const key = Stack.of(this).formatArn({
      service: "apigateway",
      account: "",
      resource: "/apikeys",
      resourceName: this.apiKey.keyId,
    });
    return Grant.addToPrincipal({ grantee, actions: ["apigateway:GET"], resourceArns: [key] });
  }

  private pushFunction({ tables, socketApi, retention, logRetention, removalPolicy }: PushApiProps): IFunction {
    const push = lambdaFunction(this, "Push", {
      entry: "push",
      description: "Downlink: what services push",
      environment: {
        CONNECTIONS_TABLE: tables.connections.tableName,
        ROOMS_TABLE: tables.rooms.tableName,
        MESSAGES_TABLE: tables.messages.tableName,
        CALLBACK_URL: socketApi.stage.callbackUrl,
        RETENTION_SECONDS: String(retention.toSeconds()),
      },
      // One whole CPU: signing and sending posts is what a push spends its time on.
      memorySize: 1769,
      timeout: Duration.seconds(28),
      logRetention,
      removalPolicy,
    });
    tables.connections.grant(push, "dynamodb:Scan", "dynamodb:GetItem", "dynamodb:DeleteItem");
    tables.rooms.grant(push, "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Query");
    tables.messages.grant(push, "dynamodb:PutItem");
    socketApi.grantConnections(push);
    return push;
  }
}

/** What API Gateway answers by itself, in the words of the push API. */
const gatewayAnswers: { type: ResponseType; code: PushCode; msg: string }[] = [
  {
    type: ResponseType.INVALID_API_KEY,
    code: "unauthorized",
    msg: "the header x-api-key is missing or its key is unknown",
  },
  { type: ResponseType.THROTTLED, code: "throttled", msg: "too many requests, send this one again later" },
  { type: ResponseType.MISSING_AUTHENTICATION_TOKEN, code: "notFound", msg: "no such method and path, use POST /push" },
  { type: ResponseType.REQUEST_TOO_LARGE, code: "tooLarge", msg: "the body is larger than 10 MB" },
  { type: ResponseType.DEFAULT_5XX, code: "serverTrouble", msg: "server trouble, send this request again later" },
];
