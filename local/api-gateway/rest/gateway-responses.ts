import { readProperties } from "../../template/property-reader.ts";
import type { Stack } from "../../template/stack.ts";
import type { MappingTemplate } from "../integration/mapping-template.ts";
import type { HttpResponse } from "../stage/response.ts";
import { readHeaders, readJsonTemplate } from "./response-mappings.ts";

/** An `AWS::ApiGateway::GatewayResponse`: overrides one of API Gateway's own responses. */
export interface GatewayResponse {
  status: number | undefined;
  headers: Record<string, string>;
  body: MappingTemplate | undefined;
}

/** API Gateway's own responses: type of the gateway response, status, `x-amzn-errortype` and message. */
const defaults = {
  notFound: [
    "MISSING_AUTHENTICATION_TOKEN",
    403,
    "MissingAuthenticationTokenException",
    "Missing Authentication Token",
  ],
  invalidApiKey: ["INVALID_API_KEY", 403, "ForbiddenException", "Forbidden"],
  invalidSignature: [
    "INVALID_SIGNATURE",
    403,
    "InvalidSignatureException",
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
  ],
  accessDenied: ["ACCESS_DENIED", 403, "AccessDeniedException", "User is not authorized to access this resource"],
  throttled: ["THROTTLED", 429, "TooManyRequestsException", "Too Many Requests"],
  quotaExceeded: ["QUOTA_EXCEEDED", 429, "LimitExceededException", "Limit Exceeded"],
  tooLarge: ["REQUEST_TOO_LARGE", 413, "RequestTooLargeException", "Request Too Long"],
  // No gateway response has the status 502, so only DEFAULT_5XX overrides it.
  badGateway: ["DEFAULT_5XX", 502, "InternalServerErrorException", "Internal server error"],
  misconfigured: ["API_CONFIGURATION_ERROR", 500, "InternalServerErrorException", "Internal server error"],
  timedOut: ["INTEGRATION_TIMEOUT", 504, "InternalServerErrorException", "Endpoint request timed out"],
} as const satisfies Record<string, readonly [type: string, status: number, errorType: string, message: string]>;

/** Why API Gateway rejects a request. */
export type Rejection = keyof typeof defaults;

/** @returns the overrides by type, such as `THROTTLED` */
export function readGatewayResponses(stack: Stack, apiId: string): Map<string, GatewayResponse> {
  const resources = stack
    .ofType("AWS::ApiGateway::GatewayResponse")
    .filter(({ properties }) => properties.RestApiId === apiId);
  return new Map(
    resources.map((resource) => {
      const reader = readProperties(resource).ignore("RestApiId");
      const status = reader.optionalNumber("StatusCode");
      const parameters = reader.stringMap("ResponseParameters");
      const response = {
        status,
        headers: readHeaders(parameters, "gatewayresponse.header.", resource.logicalId),
        body: readJsonTemplate(reader, "ResponseTemplates", resource.logicalId),
      };
      const type = reader.string("ResponseType");
      reader.assertAllRead();
      return [type, response];
    }),
  );
}

/**
 * The response for a rejection: the override for its type, else the override for `DEFAULT_4XX` or `DEFAULT_5XX`, else
 * AWS' default.
 */
export function rejectionResponse(
  overrides: ReadonlyMap<string, GatewayResponse>,
  rejection: Rejection,
  context: Readonly<Record<string, unknown>>,
  stageVariables: Readonly<Record<string, string>>,
): HttpResponse {
  const [type, status, errorType, message] = defaults[rejection];
  const override = overrides.get(type) ?? overrides.get(status < 500 ? "DEFAULT_4XX" : "DEFAULT_5XX");
  const error = { message, messageString: JSON.stringify(message), responseType: type };
  const body = override?.body?.({ body: "", context: { ...context, error }, stageVariables });
  return {
    status: override?.status ?? status,
    errorType,
    headers: override?.headers ?? {},
    body: body ?? JSON.stringify({ message }),
  };
}
