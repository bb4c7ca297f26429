import { decide } from "../../iam/decide.ts";
import type { Statement } from "../../iam/role-statements.ts";
import { isObject } from "../../template/json-object.ts";
import { invokeLambda } from "../integration/invoke-lambda.ts";
import { headerOf, type RequestDetails } from "../stage/request.ts";
import type { Authorizer } from "./api-spec.ts";
import type { AuthorizerContext, ConnectionInfo } from "./connection.ts";
import { authorizerEvent, requestContext } from "./events.ts";
import { arnOf, type WebSocketStage } from "./stage.ts";

export type AuthorizerResult =
  | { allowed: true; context: AuthorizerContext; latencyMs: number }
  | { allowed: false; status: 401 | 403 | 500 };

const timeoutMs = 29_000;
const resultLimitBytes = 8_192;

/** Asks the Lambda authorizer of `$connect`. */
export async function authorize(
  stage: WebSocketStage,
  authorizer: Authorizer,
  facts: RequestDetails,
  connection: ConnectionInfo,
): Promise<AuthorizerResult> {
  if (!authorizer.identitySources.every((source) => identityOf(stage, facts, source))) return denied(401);
  const { clock, log } = stage.ports;
  const requestId = connection.id;
  const context = requestContext(stage, connection, { routeKey: "$connect", eventType: "CONNECT", requestId });
  const startedAt = clock.now();
  const outcome = await invokeLambda(stage.ports, {
    functionArn: authorizer.functionArn,
    sourceArn: `arn:aws:execute-api:${stage.region}:${stage.accountId}:${stage.api.apiId}/authorizers/${authorizer.id}`,
    event: authorizerEvent(stage, facts, context),
    timeoutMs,
  });
  if (outcome.kind === "failed" && outcome.errorMessage === "Unauthorized") return denied(401);
  if (outcome.kind !== "answered") return denied(500);
  const result = readResult(outcome.payload);
  if (typeof result === "string") {
    log(`the authorizer ${authorizer.functionArn} gave a wrong result: ${result}`);
    return denied(500);
  }
  if (decide(result.statements, "execute-api:Invoke", arnOf(stage, "$connect")) !== "allowed") return denied(403);
  return { allowed: true, context: result.context, latencyMs: clock.now() - startedAt };
}

const denied = (status: 401 | 403 | 500): AuthorizerResult => ({ allowed: false, status });

function identityOf(stage: WebSocketStage, facts: RequestDetails, source: string): string | undefined {
  const name = source.slice(source.lastIndexOf(".") + 1);
  if (source.startsWith("route.request.header.")) return headerOf(facts.headers, name);
  return source.startsWith("route.request.querystring.") ? facts.query[name] : stage.api.stageVariables[name];
}

/** @returns a text that says what is wrong with the result */
function readResult(payload: unknown): string | { context: AuthorizerContext; statements: Statement[] } {
  if (!isObject(payload)) return "it should be an object";
  const { principalId, context = {}, policyDocument } = payload;
  const bytes = Buffer.byteLength(JSON.stringify(payload));
  if (bytes > resultLimitBytes) return `it should have at most ${resultLimitBytes} bytes, got ${bytes}`;
  if (typeof principalId !== "string") return "principalId should be a string";
  if (!isObject(context)) return "context should be an object";
  const entries = Object.entries(context);
  const wrong = entries.find(([, value]) => !["string", "number", "boolean"].includes(typeof value));
  if (wrong) return `context.${wrong[0]} should be a string, number or boolean`;
  const statements = isObject(policyDocument) ? [policyDocument.Statement].flat().map(readStatement) : [];
  if (statements.length === 0 || statements.includes(undefined)) return "policyDocument is not a policy";
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
  if (!isTexts(actions) || !isTexts(resources)) return undefined;
  return { effect: Effect, actions, resources };
}

const isTexts = (list: unknown[]): list is string[] => list.every((item) => typeof item === "string");
