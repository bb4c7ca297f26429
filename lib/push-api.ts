import { Duration, Stack } from "aws-cdk-lib";
import {
  EndpointType,
  type IApiKey,
  type IResource,
  LambdaIntegration,
  LogGroupLogDestination,
  RestApi,
} from "aws-cdk-lib/aws-apigateway";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { Construct } from "constructs";
import { type AccessLogs, pushLogFormat } from "./access-logs.ts";
import { pollFunction, pushFunction, type TokenProps } from "./functions.ts";
import { addGatewayResponses } from "./gateway-responses.ts";
import type { RoomProps } from "./room-function.ts";
import { suppress } from "./suppress.ts";

export interface PushApiProps extends RoomProps, TokenProps {
  readonly accessLogs: AccessLogs;
  /** Origin whose pages may poll, or `*`. */
  readonly corsOrigin: string;
  /** Pushes per second. */
  readonly rateLimit: number;
  readonly burstLimit: number;
  /** Polls per second. */
  readonly pollRateLimit: number;
  readonly pollBurstLimit: number;
}

/**
 * The REST side: `POST /push` and `GET /push/{messageId}` for services, behind an API key, and `GET /poll` for pages,
 * whose token the poll function verifies.
 *
 * API Gateway takes bodies up to 10 MB and a Lambda up to 6 MB; the push function refuses data above 5 MB
 * (`limits.payloadBytes`), with the size it got.
 */
export class PushApi extends Construct {
  readonly pushUrl: string;
  readonly pollUrl: string;
  readonly apiKey: IApiKey;

  constructor(scope: Construct, id: string, props: PushApiProps) {
    super(scope, id);
    const { accessLogs, corsOrigin, rateLimit, burstLimit, pollRateLimit, pollBurstLimit } = props;
    const api = new RestApi(this, "Api", {
      description: "Downlink: services push, and pages without a WebSocket poll",
      endpointTypes: [EndpointType.REGIONAL],
      // AccessLogs sets the account's role; here it would be set a second time.
      cloudWatchRole: false,
      deployOptions: {
        stageName: "api",
        throttlingRateLimit: rateLimit,
        throttlingBurstLimit: burstLimit,
        // Anybody may send a poll: a flood of them must not hold up pushes.
        methodOptions: {
          "/poll/GET": { throttlingRateLimit: pollRateLimit, throttlingBurstLimit: pollBurstLimit },
        },
        accessLogDestination: new LogGroupLogDestination(accessLogs.push),
        accessLogFormat: pushLogFormat,
      },
    });
    // An output of its own would stand in everybody's stack.
    api.node.tryRemoveChild("Endpoint");
    api.deploymentStage.node.addDependency(accessLogs.account);
    addPush(api.root, pushFunction(this, props));
    addPoll(api.root, pollFunction(this, props), corsOrigin);
    this.pushUrl = api.deploymentStage.urlForPath("/push");
    this.pollUrl = api.deploymentStage.urlForPath("/poll");

    this.apiKey = api.addApiKey("Key", { description: "Downlink: for services that push" });
    api
      .addUsagePlan("Plan", {
        description: "Downlink: who may push, and how fast",
        throttle: { rateLimit, burstLimit },
        apiStages: [{ stage: api.deploymentStage }],
      })
      .addApiKey(this.apiKey);

    addGatewayResponses(api, corsOrigin);
    suppressApiFindings(api);
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

/** The most that API Gateway waits for a function. */
const integrate = (fn: IFunction) =>
  new LambdaIntegration(fn, { allowTestInvoke: false, timeout: Duration.seconds(29) });

function addPush(root: IResource, push: IFunction): void {
  const integration = integrate(push);
  const resource = root.addResource("push");
  resource.addMethod("POST", integration, { apiKeyRequired: true });
  // The id of what a page published has a slash.
  resource.addResource("{messageId+}").addMethod("GET", integration, { apiKeyRequired: true });
  suppress(
    resource,
    "APIG4",
    "The API key is the authorization here: one service, one account. It is random and the plan admits no other",
  );
  suppress(resource, "COG4", "Callers are services, not users of a user pool");
}

function addPoll(root: IResource, poll: IFunction, corsOrigin: string): void {
  const resource = root.addResource("poll");
  // A page cannot keep a key secret; its token says who it is.
  resource.addMethod("GET", integrate(poll), { apiKeyRequired: false });
  resource.addCorsPreflight({
    allowOrigins: [corsOrigin],
    allowMethods: ["GET"],
    allowHeaders: ["Authorization"],
    // The longest that Chromium remembers it: without it every poll is two requests.
    maxAge: Duration.hours(2),
  });
  suppress(resource, "APIG4", "The poll function verifies the token: an authorizer would be a second Lambda per poll");
  suppress(resource, "COG4", "The team issues the tokens of its pages; there need not be a user pool");
}

function suppressApiFindings(api: RestApi): void {
  suppress(api, "APIG2", "The functions validate, with a code and a text for each mistake and for both kinds of body");
  suppress(api, "APIG3", "Every method is held to a rate; a web ACL is the account's to attach");
  suppress(
    api,
    "APIG6",
    "The access log names every error; execution logs would go to a group that this stack does not own and never expires",
  );
}
