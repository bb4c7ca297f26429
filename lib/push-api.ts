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
  /** The origin whose pages may poll, or `*`. */
  readonly corsOrigin: string;
  /** Pushes per second. */
  readonly rateLimit: number;
  readonly burstLimit: number;
  /** Polls per second. */
  readonly pollRateLimit: number;
  readonly pollBurstLimit: number;
}

/**
 * The REST API.
 *
 * - `POST /push` and `GET /push/{messageId}` for services, which send an API key.
 * - `GET /poll` for pages. The poll function verifies their token.
 *
 * API Gateway accepts bodies up to 10 MB and Lambda up to 6 MB. The push function refuses data above 5 MB
 * (`limits.payloadBytes`) with an error that contains the size.
 */
export class PushApi extends Construct {
  readonly pushUrl: string;
  readonly pollUrl: string;
  readonly apiKey: IApiKey;

  constructor(scope: Construct, id: string, props: PushApiProps) {
    super(scope, id);
    const { accessLogs, corsOrigin, rateLimit, burstLimit, pollRateLimit, pollBurstLimit } = props;
    const api = new RestApi(this, "Api", {
      // The metrics of REST APIs are keyed by name.
      restApiName: `${Stack.of(this).stackName}-push`,
      description: "Downlink: pushes of services, and polls of pages that cannot use a WebSocket",
      endpointTypes: [EndpointType.REGIONAL],
      // AccessLogs sets the account's role.
      cloudWatchRole: false,
      deployOptions: {
        stageName: "api",
        throttlingRateLimit: rateLimit,
        throttlingBurstLimit: burstLimit,
        // Anyone can send polls, so they must not use up the rate of pushes.
        methodOptions: {
          "/poll/GET": { throttlingRateLimit: pollRateLimit, throttlingBurstLimit: pollBurstLimit },
        },
        accessLogDestination: new LogGroupLogDestination(accessLogs.push),
        accessLogFormat: pushLogFormat,
      },
    });
    // The CDK adds this output to the stack that contains the construct.
    api.node.tryRemoveChild("Endpoint");
    api.deploymentStage.node.addDependency(accessLogs.account);
    addPush(api.root, pushFunction(this, props));
    addPoll(api.root, pollFunction(this, props), corsOrigin);
    this.pushUrl = api.deploymentStage.urlForPath("/push");
    this.pollUrl = api.deploymentStage.urlForPath("/poll");

    this.apiKey = api.addApiKey("Key", { description: "Downlink: key of the services that push" });
    api
      .addUsagePlan("Plan", {
        description: "Downlink: rate limit of pushes",
        throttle: { rateLimit, burstLimit },
        apiStages: [{ stage: api.deploymentStage }],
      })
      .addApiKey(this.apiKey);

    addGatewayResponses(api, corsOrigin);
    suppressApiFindings(api);
  }

  /** Allows `grantee` to read the API key's value. */
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

// 29 s is the maximum of API Gateway.
const integrate = (fn: IFunction) =>
  new LambdaIntegration(fn, { allowTestInvoke: false, timeout: Duration.seconds(29) });

function addPush(root: IResource, push: IFunction): void {
  const integration = integrate(push);
  const resource = root.addResource("push");
  resource.addMethod("POST", integration, { apiKeyRequired: true });
  // The message id of a published message contains a slash.
  resource.addResource("{messageId+}").addMethod("GET", integration, { apiKeyRequired: true });
  suppress(resource, "APIG4", "Services authorize by an API key, which is random and the only one of the usage plan");
  suppress(resource, "COG4", "Callers are services, not users of a user pool");
}

function addPoll(root: IResource, poll: IFunction, corsOrigin: string): void {
  const resource = root.addResource("poll");
  // A page cannot keep an API key secret, so it authenticates by its token.
  resource.addMethod("GET", integrate(poll), { apiKeyRequired: false });
  resource.addCorsPreflight({
    allowOrigins: [corsOrigin],
    allowMethods: ["GET"],
    allowHeaders: ["Authorization"],
    // The maximum that Chromium caches. Without caching, every poll needs a preflight request.
    maxAge: Duration.hours(2),
  });
  suppress(
    resource,
    "APIG4",
    "The poll function verifies the token; an authorizer would run a second Lambda function per poll",
  );
  suppress(resource, "COG4", "Tokens are issued by the team's own services; a user pool is not required");
}

function suppressApiFindings(api: RestApi): void {
  suppress(api, "APIG2", "The functions validate both kinds of body, with a code and a text for each error");
  suppress(api, "APIG3", "Every method has a rate limit; the account's owner can attach a web ACL");
  suppress(
    api,
    "APIG6",
    "The access log contains every error; execution logs would go to a log group outside this stack that never expires",
  );
}
