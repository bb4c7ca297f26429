import { createHash, randomBytes } from "node:crypto";
import type { Credentials } from "../sigv4/credentials.ts";
import type { Stack } from "../template/stack.ts";
import { decide } from "./decide.ts";
import { roleStatements, type Statement } from "./role-statements.ts";

/**
 * The assumed-role session of a function. Each function has an access key of its own, so the key in a request
 * identifies the function.
 */
export interface Principal extends Credentials {
  /** `arn:aws:sts::000000000000:assumed-role/{role}/{function}`, as in AWS' error messages. */
  readonly arn: string;
}

/** Authorizes requests by the roles and policies of the template. */
export interface Iam {
  /** @throws if the template has no such function */
  principalOfFunction(functionLogicalId: string): Principal;
  /** @returns `undefined` if no function has this key */
  principalOfKey(accessKeyId: string): Principal | undefined;
  allows(principal: Principal, action: string, resourceArn: string): boolean;
  /** AWS' access-denied message for the request; `undefined` if the request is allowed. */
  denial(principal: Principal, action: string, resourceArn: string): string | undefined;
}

/** @throws if a function has no role in the template, or its role uses a policy element that is not evaluated here */
export function createIam(stack: Stack): Iam {
  const functions = new Map<string, Principal>();
  const keys = new Map<string, { principal: Principal; statements: Statement[] }>();
  for (const { logicalId, properties } of stack.ofType("AWS::Lambda::Function")) {
    const role = stack.ofType("AWS::IAM::Role").find((each) => stack.arn(each.logicalId) === properties.Role);
    if (!role) throw new Error(`${logicalId} should have a Role of the template, got ${properties.Role}`);
    const principal = assumeRole(stack, `${stack.physicalId(role.logicalId)}/${stack.physicalId(logicalId)}`);
    functions.set(logicalId, principal);
    keys.set(principal.accessKeyId, { principal, statements: roleStatements(stack, role.logicalId) });
  }

  const denial = (principal: Principal, action: string, resourceArn: string): string | undefined => {
    const decision = decide(keys.get(principal.accessKeyId)?.statements ?? [], action, resourceArn);
    if (decision === "allowed") return undefined;
    const because =
      decision === "denied"
        ? "with an explicit deny in an identity-based policy"
        : `because no identity-based policy allows the ${action} action`;
    return `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resourceArn} ${because}`;
  };
  return {
    principalOfFunction: (logicalId) => {
      const principal = functions.get(logicalId);
      if (!principal) throw new Error(`the template has no function ${logicalId}`);
      return principal;
    },
    principalOfKey: (accessKeyId) => keys.get(accessKeyId)?.principal,
    allows: (principal, action, resourceArn) => denial(principal, action, resourceArn) === undefined,
    denial,
  };
}

/** @param session `{role}/{function}` */
const assumeRole = ({ partition, accountId }: Stack, session: string): Principal => ({
  arn: `arn:${partition}:sts::${accountId}:assumed-role/${session}`,
  accessKeyId: `ASIA${createHash("sha256").update(session).digest("hex").slice(0, 16).toUpperCase()}`,
  secretAccessKey: randomBytes(30).toString("base64"),
  sessionToken: randomBytes(48).toString("base64"),
});
