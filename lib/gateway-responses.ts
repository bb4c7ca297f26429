import { ResponseType, type RestApi } from "aws-cdk-lib/aws-apigateway";
import { type PushCode, pushCodes } from "../protocol/codes.ts";
import { limits } from "../protocol/limits.ts";

const knownRoutes = "there are POST /push, GET /push/{messageId} and GET /poll";
const gatewayResponses: readonly (readonly [ResponseType, PushCode, string])[] = [
  [ResponseType.INVALID_API_KEY, "unauthorized", "the header x-api-key is missing or its key is unknown"],
  [ResponseType.THROTTLED, "throttled", "too many requests at once, send this one again in a second"],
  // API Gateway returns this response for a method or path that does not exist.
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, "notFound", knownRoutes],
  [ResponseType.RESOURCE_NOT_FOUND, "notFound", knownRoutes],
  [
    ResponseType.REQUEST_TOO_LARGE,
    "tooLarge",
    `the body has more than the 6 MB that a Lambda takes, where quotation marks count twice; data may have ${limits.payloadBytes} bytes; send a link instead`,
  ],
  [ResponseType.DEFAULT_4XX, "unauthorized", `API Gateway refused the request; ${knownRoutes}`],
  [ResponseType.DEFAULT_5XX, "serverTrouble", "server trouble, send this request again later"],
];

/**
 * Replaces the responses of API Gateway itself by responses with the codes of the functions.
 *
 * @param corsOrigin origin whose pages may read the responses, or `*`. Without it, a polling page only sees a failed request.
 */
export function addGatewayResponses(api: RestApi, corsOrigin: string): void {
  for (const [type, name, msg] of gatewayResponses) {
    const { code, status } = pushCodes[name];
    // The two defaults cover several statuses, each of which says more than a common one.
    const isDefault = type === ResponseType.DEFAULT_4XX || type === ResponseType.DEFAULT_5XX;
    api.addGatewayResponse(type.responseType, {
      type,
      ...(isDefault ? {} : { statusCode: String(status) }),
      responseHeaders: { "Access-Control-Allow-Origin": `'${corsOrigin}'` },
      templates: { "application/json": JSON.stringify({ code, msg }) },
    });
  }
}
