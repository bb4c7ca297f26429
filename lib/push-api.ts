import { Stack } from "aws-cdk-lib";
import {
  EndpointType,
  type IApiKey,
  LambdaIntegration,
  LogGroupLogDestination,
  ResponseType,
  RestApi,
} from "aws-cdk-lib/aws-apigateway";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import { type PushCode, pushCodes } from "../protocol/codes.ts";
import { limits } from "../protocol/limits.ts";
import { type AccessLogs, pushLogFormat } from "./access-logs.ts";
import { acknowledge } from "./acknowledge.ts";
import { type PushFunctionProps, pushFunction } from "./functions.ts";

export interface PushApiProps extends PushFunctionProps {
  readonly accessLogs: AccessLogs;
  /** Pushes per second. */
  readonly rateLimit: number;
  readonly burstLimit: number;
}

/**
 * The REST side: `POST /push` behind an API key.
 *
 * API Gateway takes bodies up to 10 MB and a Lambda up to 6 MB; the push function refuses what is larger than one post
 * to a connection (`limits.postBytes`), with the size it got.
 */
export class PushApi extends Construct {
  readonly url: string;
  readonly apiKey: IApiKey;

  constructor(scope: Construct, id: string, props: PushApiProps) {
    super(scope, id);
    const { accessLogs, rateLimit, burstLimit } = props;
    const api = new RestApi(this, "Api", {
      description: "Downlink: services push",
      endpointTypes: [EndpointType.REGIONAL],
      // AccessLogs sets the account's role; here it would be set a second time.
      cloudWatchRole: false,
      deployOptions: {
        stageName: "api",
        throttlingRateLimit: rateLimit,
        throttlingBurstLimit: burstLimit,
        accessLogDestination: new LogGroupLogDestination(accessLogs.push),
        accessLogFormat: pushLogFormat,
      },
    });
    // An output of its own would stand in everybody's stack.
    api.node.tryRemoveChild("Endpoint");
    api.deploymentStage.node.addDependency(accessLogs.account);
    api.root
      .addResource("push")
      .addMethod("POST", new LambdaIntegration(pushFunction(this, props), { allowTestInvoke: false }), {
        apiKeyRequired: true,
      });
    this.url = api.deploymentStage.urlForPath("/push");

    this.apiKey = api.addApiKey("Key", { description: "Downlink: for services that push" });
    api
      .addUsagePlan("Plan", {
        description: "Downlink: who may push, and how fast",
        throttle: { rateLimit, burstLimit },
        apiStages: [{ stage: api.deploymentStage }],
      })
      .addApiKey(this.apiKey);

    addGatewayResponses(api);
    acknowledgeFindings(api);
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
}

const notThere = "there is only POST /push";
/** What API Gateway answers by itself, in the words of the push API. */
const gatewayAnswers: readonly (readonly [ResponseType, PushCode, string])[] = [
  [ResponseType.INVALID_API_KEY, "unauthorized", "the header x-api-key is missing or its key is unknown"],
  [ResponseType.THROTTLED, "throttled", "too many pushes at once, send this one again in a second"],
  // What API Gateway calls a missing token is a method or path that does not exist.
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, "notFound", notThere],
  [ResponseType.RESOURCE_NOT_FOUND, "notFound", notThere],
  [
    ResponseType.REQUEST_TOO_LARGE,
    "tooLarge",
    `the body is larger than 6 MB, a message may have ${limits.postBytes} bytes as a frame; send a link instead`,
  ],
  [ResponseType.DEFAULT_4XX, "unauthorized", "API Gateway refused the request; send POST /push with x-api-key"],
  [ResponseType.DEFAULT_5XX, "serverTrouble", "server trouble, send this push again later"],
];

function addGatewayResponses(api: RestApi): void {
  for (const [type, name, msg] of gatewayAnswers) {
    const { code, status } = pushCodes[name];
    // The two defaults stand for several statuses, each of which tells more than one for all.
    const isDefault = type === ResponseType.DEFAULT_4XX || type === ResponseType.DEFAULT_5XX;
    api.addGatewayResponse(type.responseType, {
      type,
      ...(isDefault ? {} : { statusCode: String(status) }),
      templates: { "application/json": JSON.stringify({ code, msg }) },
    });
  }
}

function acknowledgeFindings(api: RestApi): void {
  acknowledge(api, "APIG2", "The push function validates, with a code and a text for each mistake and for both bodies");
  acknowledge(api, "APIG3", "Callers are services with a key, held to a rate; a web ACL is the account's to attach");
  acknowledge(
    api,
    "APIG4",
    "The API key is the authorization here: one service, one account. It is random and the plan admits no other",
  );
  acknowledge(
    api,
    "APIG6",
    "The access log names every error; execution logs would go to a group that this stack does not own and never expires",
  );
  acknowledge(api, "COG4", "Callers are services, not users of a user pool");
}
