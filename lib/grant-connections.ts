import { Stack } from "aws-cdk-lib";
import type { WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { IConstruct } from "constructs";
import { nameInFinding, suppress } from "./suppress.ts";

/**
 * Lets `grantee` post to the stage's connections and ask whether they are there. `grantManagementApiAccess` would allow
 * to close them too, `grantManageConnections` on all stages.
 */
export function grantConnections(stage: WebSocketStage, grantee: IGrantable): Grant {
  return Grant.addToPrincipal({
    grantee,
    actions: ["execute-api:ManageConnections"],
    resourceArns: connectionArns(stage),
  });
}

/** Call it once, with what contains all grantees. */
export function suppressConnectionFindings(scope: IConstruct, stage: WebSocketStage): void {
  for (const arn of connectionArns(stage)) {
    suppress(
      scope,
      `IAM5[Resource::${nameInFinding(stage, arn)}]`,
      "Connections come and go by the second: their ids cannot be listed in a policy",
    );
  }
}

const connectionArns = (stage: WebSocketStage) =>
  ["POST", "GET"].map((verb) =>
    Stack.of(stage).formatArn({
      service: "execute-api",
      resource: stage.api.apiId,
      resourceName: `${stage.stageName}/${verb}/@connections/*`,
    }),
  );
