import { Stack } from "aws-cdk-lib";
import type { WebSocketStage } from "aws-cdk-lib/aws-apigatewayv2";
import { Grant, type IGrantable } from "aws-cdk-lib/aws-iam";
import type { IConstruct } from "constructs";
import { nameInFinding, suppress } from "./suppress.ts";

/**
 * Allows `grantee` to post to the stage's connections and to query their status. `grantManagementApiAccess` would also
 * allow closing them, and `grantManageConnections` would cover every stage.
 */
export function grantConnections(stage: WebSocketStage, grantee: IGrantable): Grant {
  return Grant.addToPrincipal({
    grantee,
    actions: ["execute-api:ManageConnections"],
    resourceArns: connectionArns(stage),
  });
}

/** Call this once, with a construct that contains all grantees. */
export function suppressConnectionFindings(scope: IConstruct, stage: WebSocketStage): void {
  for (const arn of connectionArns(stage)) {
    suppress(
      scope,
      `IAM5[Resource::${nameInFinding(stage, arn)}]`,
      "Connection ids change by the second: a policy cannot list them",
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
