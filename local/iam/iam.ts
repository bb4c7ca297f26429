import { createHash, randomBytes } from "node:crypto";
import type { Stack } from "../template/stack.ts";
import { decide } from "./decide.ts";
import { roleStatements, type Statement } from "./role-statements.ts";

/** The session of a function's role: every function signs with keys of its own, so a call can be traced to it. */
export interface Principal {
  /** As error messages name it: `arn:aws:sts::000000000000:assumed-role/{role}/{function}`. */
  readonly arn: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface Iam {
  /** @throws if the template has no such function */
  principalOfFunction(functionLogicalId: string): Principal;
  /** @returns `undefined` if nobody has this key */
  principalOfKey(accessKeyId: string): Principal | undefined;
  allows(principal: Principal, action: string, resourceArn: string): boolean;
  /** `undefined` if it is allowed, else the sentence in which AWS says that it is not. */
  denial(principal: Principal, action: string, resourceArn: string): string | undefined;
}

/**
 * Who may do what, by the roles and policies of the template.
 *
 * @throws if a function's role uses what is not evaluated here
 */
export function createIam(stack: Stack): Iam {
  const functions = new Map<string, Principal>();
  const keys = new Map<string, { principal: Principal; statements: Statement[] }>();
  for (const { logicalId, properties } of stack.ofType("AWS::Lambda::Function")) {
    const role = stack.ofType("AWS::IAM::Role").find((each) => stack.arn(each.logicalId) === properties.Role);
    if (!role) throw new Error(`${logicalId} should run with a role of the template, got ${properties.Role}`);
    const session = `${stack.physicalId(role.logicalId)}/${stack.physicalId(logicalId)}`;
    const principal: Principal = {
      arn: `arn:${stack.partition}:sts::${stack.accountId}:assumed-role/${session}`,
      accessKeyId: `ASIA${createHash("sha256").update(session).digest("hex").slice(0, 16).toUpperCase()}`,
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: randomBytes(48).toString("base64"),
    };
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
