import { matchesArn } from "../iam/wildcard.ts";
import type { Stack } from "../template/stack.ts";

/**
 * Whether an `AWS::Lambda::Permission` of the template allows a service to invoke a function.
 *
 * @param principal the service: `apigateway.amazonaws.com`
 * @param sourceArn the caller: `arn:aws:execute-api:us-east-1:000000000000:abcdefghij/socket/$connect`
 * @throws if a permission has a condition that the local runtime does not check
 */
export function mayInvoke(stack: Stack, functionArn: string, principal: string, sourceArn: string): boolean {
  return stack.ofType("AWS::Lambda::Permission").some(({ logicalId, properties }) => {
    const { Action, FunctionName, Principal, SourceAccount, SourceArn, ...others } = properties;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) {
      throw new Error(
        `${logicalId} has the condition ${unknown}, which the local runtime does not check; allowed are SourceArn and SourceAccount`,
      );
    }
    const isForFunction = FunctionName === functionArn || functionArn.endsWith(`:function:${FunctionName}`);
    const isForAction = Action === "lambda:InvokeFunction" || Action === "lambda:*";
    const isForSource = SourceArn === undefined || matchesArn(String(SourceArn), sourceArn);
    const isForAccount = SourceAccount === undefined || SourceAccount === stack.accountId;
    return isForFunction && isForAction && Principal === principal && isForSource && isForAccount;
  });
}
