import { App } from "aws-cdk-lib";
import { DownlinkStack } from "../lib/index.ts";

const app = new App();
new DownlinkStack(app, "Downlink");
