import type { IncomingMessage, ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { type Answer, json } from "../http/json-response.ts";
import type { JsonInput, JsonService } from "../http/json-service.ts";
import { type LoopbackServer, startLoopbackServer } from "../http/loopback-server.ts";
import type { Iam } from "../iam/iam.ts";
import type { Invocations } from "../world/invocations.ts";

export interface AwsEndpointOptions {
  iam: Pick<Iam, "principalOfKey" | "denial">;
  invocations: Pick<Invocations, "serve">;
  /** By the first part of the header `X-Amz-Target`. */
  services: Readonly<Record<string, JsonService>>;
}

/** Serves AWS' JSON protocol to the template's functions, each as far as its role goes: what they call instead of AWS. */
export const startAwsEndpoint = (options: AwsEndpointOptions): Promise<LoopbackServer> =>
  startLoopbackServer((request, response) => {
    answer(options, request).then(
      (given) => given && write(response, request, given),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        write(response, request, json(500, { __type: "InternalServerError", message }));
      },
    );
  });

/** @returns `undefined` if the caller has died */
async function answer(
  { iam, invocations, services }: AwsEndpointOptions,
  request: IncomingMessage,
): Promise<Answer | undefined> {
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
    const requiredPermissions = service.requiredPermissions(operation, input);
    if (!requiredPermissions) return unknownOperation(`${operation} of ${service.name}`);
    for (const { action, resource } of requiredPermissions) {
      const refusal = iam.denial(principal, action, resource);
      if (refusal !== undefined) return service.refuse(refusal);
    }
    return service.serve(operation, input, { body, trace });
  });
}

const unknownOperation = (what: string): Answer =>
  json(400, {
    __type: "com.amazon.coral.service#UnknownOperationException",
    message: `the local runtime does not serve ${what}`,
  });

function write(response: ServerResponse, request: IncomingMessage, { status, body, headers }: Answer): void {
  response.writeHead(status, {
    "content-type": request.headers["content-type"] ?? "application/x-amz-json-1.0",
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  response.end(body);
}
