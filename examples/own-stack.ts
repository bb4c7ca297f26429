import { App, Duration, Stack } from "aws-cdk-lib";
import { Code, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { Downlink } from "downlink/lib";

const stack = new Stack(new App(), "Shop");
const downlink = new Downlink(stack, "Downlink", {
  allowedOrigins: ["https://shop.example.com"],
  retention: Duration.hours(48),
});

const reports = new LambdaFunction(stack, "Reports", {
  runtime: Runtime.NODEJS_24_X,
  handler: "index.handler",
  code: Code.fromAsset("reports"),
  environment: { PUSH_URL: downlink.pushUrl, API_KEY_ID: downlink.apiKeyId },
});
downlink.grantPush(reports); // may read the API key
downlink.tokenSecret.grantRead(reports); // may mint tokens for pages
