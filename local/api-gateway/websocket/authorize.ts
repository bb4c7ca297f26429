import { decide } from "../../iam/decide.ts";
import type { Statement } from "../../iam/role-statements.ts";
import { isObject } from "../../template/json-object.ts";
import { invokeLambda, maxTimeoutMs } from "../integration/invoke-lambda.ts";
import { headerOf, type RequestDetails } from "../stage/request.ts";
import type { Authorizer } from "./api-spec.ts";
import type { AuthorizerContext, ConnectionInfo } from "./connection.ts";
import { authorizerEvent, requestContext } from "./events.ts";
import { stageArn, type WebSocketStage } from "./stage.ts";

export type Authorization =
  | { allowed: true; context: AuthorizerContext; latencyMs: number }
  | { allowed: false; status: 401 | 403 | 500 };

/** API Gateway's limit for the result of an authorizer. */
const maxResultBytes = 8_192;

/** Invokes the Lambda authorizer of `$connect` and evaluates the policy that it returns. */
export async function authorize(
  stage: WebSocketStage,
  authorizer: Authorizer,
  details: RequestDetails,
  connection: ConnectionInfo,
): Promise<Authorization> {
  if (!authorizer.identitySources.every((source) => identityOf(stage, details, source))) return denied(401);
  const { clock, log } = stage.ports;
  const requestId = connection.id;
  const context = requestContext(stage, connection, { routeKey: "$connect", eventType: "CONNECT", requestId });
  const startedAt = clock.now();
  const outcome = await invokeLambda(stage.ports, {
    functionArn: authorizer.functionArn,
    sourceArn: `arn:aws:execute-api:${stage.region}:${stage.accountId}:${stage.api.apiId}/authorizers/${authorizer.id}`,
    event: authorizerEvent(stage, details, context),
    timeoutMs: maxTimeoutMs,
  });
  if (outcome.kind === "failed" && outcome.errorMessage === "Unauthorized") return denied(401);
  if (outcome.kind !== "returned") return denied(500);
  const result = readResult(outcome.payload);
  if (typeof result === "string") {
    log(`the authorizer ${authorizer.functionArn} returned a malformed result: ${result}`);
    return denied(500);
  }
  if (decide(result.statements, "execute-api:Invoke", stageArn(stage, "$connect")) !== "allowed") return denied(403);
  return { allowed: true, context: result.context, latencyMs: clock.now() - startedAt };
}

const denied = (status: 401 | 403 | 500): Authorization => ({ allowed: false, status });

/** The value of an identity source such as `route.request.header.Auth`; `undefined` or empty if it is missing. */
function identityOf(stage: WebSocketStage, details: RequestDetails, source: string): string | undefined {
  const name = source.slice(source.lastIndexOf(".") + 1);
  if (source.startsWith("route.request.header.")) return headerOf(details.headers, name);
  return source.startsWith("route.request.querystring.") ? details.query[name] : stage.api.stageVariables[name];
}

/** @returns a text that describes the error, if the result is malformed */
function readResult(payload: unknown): string | { context: AuthorizerContext; statements: Statement[] } {
  if (!isObject(payload)) return "it should be an object";
  const { principalId, context = {}, policyDocument } = payload;
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes > maxResultBytes) return `it should have at most ${maxResultBytes} bytes, got ${bytes}`;
  if (typeof principalId !== "string") return "principalId should be a string";
  if (!isObject(context)) return "context should be an object";
  const entries = Object.entries(context);
  const wrong = entries.find(([, value]) => !["string", "number", "boolean"].includes(typeof value));
  if (wrong) return `context.${wrong[0]} should be a string, number or boolean`;
  const statements = isObject(policyDocument) ? [policyDocument.Statement].flat().map(readStatement) : [];
  if (statements.length === 0 || statements.includes(undefined)) {
    return "policyDocument should be a policy whose statements have Effect, Action and Resource";
  }
  return {
    context: { ...Object.fromEntries(entries.map(([name, value]) => [name, String(value)])), principalId },
    statements: statements.filter((statement) => statement !== undefined),
  };
}

function readStatement(statement: unknown): Statement | undefined {
  if (!isObject(statement) || statement.Condition !== undefined) return undefined;
  const { Effect, Action, Resource } = statement;
  const actions = [Action].flat();
  const resources = [Resource].flat();
  if (Effect !== "Allow" && Effect !== "Deny") return undefined;
  if (!areStrings(actions) || !areStrings(resources)) return undefined;
  return { effect: Effect, actions, resources };
}

const areStrings = (list: unknown[]): list is string[] => list.every((item) => typeof item === "string");
