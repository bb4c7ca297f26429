import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { type JsonResponse, json } from "../http/json-response.ts";
import type { JsonInput, JsonService } from "../http/json-service.ts";
import { type LoopbackServer, startLoopbackServer } from "../http/loopback-server.ts";
import type { Iam } from "../iam/iam.ts";
import type { Invocations } from "../world/invocations.ts";

export interface AwsEndpointOptions {
  iam: Pick<Iam, "principalOfKey" | "denial">;
  invocations: Pick<Invocations, "serve">;
  /** By the first part of the header `X-Amz-Target`, such as `DynamoDB_20120810`. */
  services: Readonly<Record<string, JsonService>>;
}

/**
 * Starts one endpoint for all services that use AWS' JSON protocol. Functions call it instead of AWS. A request is
 * served if the role of the calling function allows it.
 */
export const startAwsEndpoint = (options: AwsEndpointOptions): Promise<LoopbackServer> =>
  startLoopbackServer((request, response) => {
    serveRequest(options, request).then(
      (result) => result && write(response, request, result),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        write(response, request, json(500, { __type: "InternalServerError", message }));
      },
    );
  });

/** @returns `undefined` if the calling function is dead and cannot receive a response */
async function serveRequest(
  { iam, invocations, services }: AwsEndpointOptions,
  request: IncomingMessage,
): Promise<JsonResponse | undefined> {
  const body = (await buffer(request)).toString();
  const [target = "", operation = ""] = String(request.headers["x-amz-target"]).split(".");
  const [, accessKeyId = ""] = /Credential=([^/]+)\//.exec(request.headers.authorization ?? "") ?? [];
  const principal = iam.principalOfKey(accessKeyId);
  if (!principal) {
    const message = "The security token included in the request is invalid.";
    return json(400, { __type: "com.amazon.coral.service#UnrecognizedClientException", message });
  }
  const service = services[target];
  if (!service) return unknownOperation(String(request.headers["x-amz-target"]));
  const input: JsonInput = JSON.parse(body);
  const trace = request.headers["x-amzn-trace-id"]?.toString();
  return invocations.serve(trace, `${service.prefix}:${operation}`, async () => {
    const permissions = service.requiredPermissions(operation, input);
    if (!permissions) return unknownOperation(`${operation} of ${service.name}`);
    for (const { action, resource } of permissions) {
      const denial = iam.denial(principal, action, resource);
      if (denial !== undefined) return service.accessDenied(denial);
    }
    return service.serve(operation, input, { body, trace });
  });
}

const unknownOperation = (name: string): JsonResponse =>
  json(400, {
    __type: "com.amazon.coral.service#UnknownOperationException",
    message: `the local runtime does not serve ${name}`,
  });

function write(response: ServerResponse, request: IncomingMessage, { status, body, headers }: JsonResponse): void {
  response.writeHead(status, {
    "content-type": request.headers["content-type"] ?? "application/x-amz-json-1.0",
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
