import type { IncomingMessage } from "node:http";
import { authenticate } from "../stage/authenticate.ts";
import type { GatewayPorts } from "../stage/ports.ts";
import { headerOf } from "../stage/request.ts";
import type { AccountLimits } from "../throttling/account-limits.ts";
import { methodArn, type RestRequest } from "./event.ts";
import type { Rejection } from "./gateway-responses.ts";
import type { Match } from "./match-resource.ts";
import type { FindApiKey } from "./usage-plans.ts";

export interface AdmissionOptions {
  ports: GatewayPorts;
  limits: AccountLimits;
  findApiKey: FindApiKey;
  /** The stage's throttle for a method. */
  takeMethod: (methodKey: string) => boolean;
  request: IncomingMessage;
  body: Buffer;
  restRequest: RestRequest;
  match: Match;
}

type Caller = Pick<RestRequest, "apiKey" | "userArn">;

/** Whether a request may pass. The caller is known as far as it was accepted, also if the request is rejected later. */
export interface Admission {
  caller: Caller;
  rejection: Rejection | undefined;
}

/** Checks signature, API key with its usage plan, and throttles, in this order. */
export async function admit(options: AdmissionOptions): Promise<Admission> {
  const caller: Caller = { apiKey: undefined, userArn: undefined };
  const rejection = (await checkSignature(options, caller)) ?? checkApiKey(options, caller) ?? checkThrottles(options);
  return { caller, rejection };
}

/** Sets `caller.userArn` for a method with the authorization type AWS_IAM. */
async function checkSignature(
  { ports, request, body, restRequest, match }: AdmissionOptions,
  caller: Caller,
): Promise<Rejection | undefined> {
  if (!match.method.isSigned) return undefined;
  const authentication = await authenticate(request, body, { iam: ports.iam, region: restRequest.region });
  if (!authentication.ok) return request.headers.authorization === undefined ? "notFound" : "invalidSignature";
  const { principal } = authentication;
  const denial = ports.iam.denial(principal, "execute-api:Invoke", methodArn(restRequest, restRequest.path));
  if (denial !== undefined) return "accessDenied";
  caller.userArn = principal.arn;
  return undefined;
}

/** Sets `caller.apiKey` for a method that requires an API key, and counts the request against the usage plan. */
function checkApiKey({ findApiKey, restRequest, match }: AdmissionOptions, caller: Caller): Rejection | undefined {
  if (!match.method.apiKeyRequired) return undefined;
  const value = headerOf(restRequest.details.headers, "x-api-key");
  const use = value === undefined ? undefined : findApiKey(value, restRequest.api);
  if (value === undefined || !use) return "invalidApiKey";
  caller.apiKey = { id: use.id, value };
  return use.take(methodKeyOf(restRequest, match));
}

function checkThrottles({ limits, takeMethod, restRequest, match }: AdmissionOptions): Rejection | undefined {
  return limits.takeRequest() && takeMethod(methodKeyOf(restRequest, match)) ? undefined : "throttled";
}

const methodKeyOf = ({ httpMethod }: RestRequest, { resource }: Match) => `${resource.path}/${httpMethod}`;
