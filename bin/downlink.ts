import { App } from "aws-cdk-lib";
import { DownlinkStack } from "../lib/index.ts";
import { readSettings } from "./settings.ts";

const app = new App();
new DownlinkStack(app, "Downlink", readSettings(app.node.getAllContext()));
