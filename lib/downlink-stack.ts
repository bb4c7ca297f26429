import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { Downlink } from "./downlink.ts";
import type { DownlinkProps } from "./downlink-props.ts";

export interface DownlinkStackProps extends StackProps, DownlinkProps {}

/** A stack with one `Downlink`. Its outputs are the URLs, names and ARNs that pages, services and operators need. */
export class DownlinkStack extends Stack {
  readonly downlink: Downlink;

  constructor(scope: Construct, id: string, props: DownlinkStackProps = {}) {
    super(scope, id, { description: "Downlink: push messages from services to pages", ...props });
    this.downlink = new Downlink(this, "Downlink", props);
    const { webSocketUrl, pollUrl, pushUrl, apiKeyId, tokenSecret, payloads, queues } = this.downlink;
    new CfnOutput(this, "WebSocketUrl", { value: webSocketUrl, description: "WebSocket URL for pages" });
    new CfnOutput(this, "PollUrl", { value: pollUrl, description: "Poll URL for pages that cannot use a WebSocket" });
    new CfnOutput(this, "PushUrl", {
      value: pushUrl,
      description: "Push URL for services: POST with the header x-api-key",
    });
    new CfnOutput(this, "ApiKeyId", {
      value: apiKeyId,
      description:
        "Id of the API key. To read its value: aws apigateway get-api-key --include-value --query value --output text --api-key <ApiKeyId>",
    });
    new CfnOutput(this, "TokenSecretArn", {
      value: tokenSecret.secretArn,
      description:
        "ARN of the token secret. To read its value: aws secretsmanager get-secret-value --query SecretString --output text --secret-id <TokenSecretArn>",
    });
    new CfnOutput(this, "PayloadsBucket", {
      value: payloads.bucket.bucketName,
      description:
        "Bucket of large payloads. Empty it before you delete a stack with removalPolicy destroy: aws s3 rm --recursive s3://<PayloadsBucket>",
    });
    this.addQueueOutputs("AckChecksArn", queues.ackChecks, "AckChecksDeadLettersArn", queues.ackCheckDeadLetters);
    this.addQueueOutputs("FanOutTasksArn", queues.fanOutTasks, "FanOutDeadLettersArn", queues.fanOutDeadLetters);
  }

  private addQueueOutputs(name: string, queue: IQueue, deadLettersName: string, deadLetters: IQueue): void {
    const retry = `aws sqs start-message-move-task --source-arn <${deadLettersName}> --destination-arn <${name}>`;
    new CfnOutput(this, name, {
      value: queue.queueArn,
      description: `Queue to which ${deadLettersName} is redriven`,
    });
    new CfnOutput(this, deadLettersName, {
      value: deadLetters.queueArn,
      description: `Dead-letter queue. To retry its messages: ${retry}`,
    });
  }
}
