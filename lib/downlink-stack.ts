import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { Downlink } from "./downlink.ts";
import type { DownlinkProps } from "./downlink-props.ts";

export interface DownlinkStackProps extends StackProps, DownlinkProps {}

/** Downlink as a stack of its own; its outputs are what pages and services need. */
export class DownlinkStack extends Stack {
  readonly downlink: Downlink;

  constructor(scope: Construct, id: string, props: DownlinkStackProps = {}) {
    super(scope, id, { description: "Downlink: services push to pages", ...props });
    this.downlink = new Downlink(this, "Downlink", props);
    const { webSocketUrl, pollUrl, pushUrl, apiKeyId, tokenSecret, payloads, queues } = this.downlink;
    new CfnOutput(this, "WebSocketUrl", { value: webSocketUrl, description: "Where pages connect" });
    new CfnOutput(this, "PollUrl", { value: pollUrl, description: "Where pages poll that cannot keep a WebSocket" });
    new CfnOutput(this, "PushUrl", { value: pushUrl, description: "Where services POST, with the header x-api-key" });
    new CfnOutput(this, "ApiKeyId", {
      value: apiKeyId,
      description:
        "The key itself: aws apigateway get-api-key --include-value --query value --output text --api-key <this id>",
    });
    new CfnOutput(this, "TokenSecretArn", {
      value: tokenSecret.secretArn,
      description:
        "The secret itself: aws secretsmanager get-secret-value --query SecretString --output text --secret-id <this ARN>",
    });
    new CfnOutput(this, "PayloadsBucket", {
      value: payloads.bucket.bucketName,
      description: "Before a stack with removalPolicy destroy is deleted: aws s3 rm --recursive s3://<this bucket>",
    });
    for (const [name, { queueArn }] of Object.entries(queues)) {
      const isDeadLetters = name.endsWith("DeadLetters");
      new CfnOutput(this, `${name[0]?.toUpperCase()}${name.slice(1)}Arn`, {
        value: queueArn,
        description: isDeadLetters
          ? "What failed too often; once more: aws sqs start-message-move-task --source-arn <this ARN> --destination-arn <the other one>"
          : "Where that goes when it is tried once more",
      });
    }
  }
}
