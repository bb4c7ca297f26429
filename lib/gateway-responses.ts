import { ResponseType, type RestApi } from "aws-cdk-lib/aws-apigateway";
import { type PushCode, pushCodes } from "../protocol/codes.ts";
import { limits } from "../protocol/limits.ts";

const notThere = "there are POST /push, GET /push/{messageId} and GET /poll";
const gatewayResponses: readonly (readonly [ResponseType, PushCode, string])[] = [
  [ResponseType.INVALID_API_KEY, "unauthorized", "the header x-api-key is missing or its key is unknown"],
  [ResponseType.THROTTLED, "throttled", "too many requests at once, send this one again in a second"],
  // What API Gateway calls a missing token is a method or path that does not exist.
  [ResponseType.MISSING_AUTHENTICATION_TOKEN, "notFound", notThere],
  [ResponseType.RESOURCE_NOT_FOUND, "notFound", notThere],
  [
    ResponseType.REQUEST_TOO_LARGE,
    "tooLarge",
    `the body has more than the 6 MB that a Lambda takes, where quotation marks count twice; data may have ${limits.payloadBytes} bytes; send a link instead`,
  ],
  [ResponseType.DEFAULT_4XX, "unauthorized", `API Gateway refused the request; ${notThere}`],
  [ResponseType.DEFAULT_5XX, "serverTrouble", "server trouble, send this request again later"],
];

/**
 * Gives what API Gateway answers by itself the codes of the functions.
 *
 * @param corsOrigin origin whose pages may read it, or `*`; a page that polls learns nothing but "failed" otherwise
 */
export function addGatewayResponses(api: RestApi, corsOrigin: string): void {
  for (const [type, name, msg] of gatewayResponses) {
    const { code, status } = pushCodes[name];
    // The two defaults stand for several statuses, each of which tells more than one for all.
    const isDefault = type === ResponseType.DEFAULT_4XX || type === ResponseType.DEFAULT_5XX;
    api.addGatewayResponse(type.responseType, {
      type,
      ...(isDefault ? {} : { statusCode: String(status) }),
      responseHeaders: { "Access-Control-Allow-Origin": `'${corsOrigin}'` },
      templates: { "application/json": JSON.stringify({ code, msg }) },
    });
  }
}
