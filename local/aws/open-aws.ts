import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Database } from "../data/open-database.ts";
import type { Iam, Principal } from "../iam/open-iam.ts";
import { keepAliveMs } from "../listen.ts";
import type { Stack } from "../stack.ts";
import { type Answer, json } from "./answer.ts";
import { dynamoDbNeeds } from "./dynamodb.ts";
import { type Secret, secretMissing, secretsOf } from "./secrets.ts";

/** What Lambdas call instead of AWS. */
export interface Aws {
  /** `http://127.0.0.1:…`, for AWS_ENDPOINT_URL_… */
  url: string;
  close(): Promise<void>;
}

export interface AwsOptions {
  stack: Stack;
  iam: Iam;
  database: Database;
}

/** Serves DynamoDB and Secrets Manager to the template's functions, each as far as its role goes. */
export async function openAws(options: AwsOptions): Promise<Aws> {
  const secrets = secretsOf(options.stack);
  const server = createServer((request, response) => {
    answer(options, secrets, request).then(
      (given) => write(response, request, given),
      (error: unknown) => {
        const message = error instanceof Error ? error.message : String(error);
        write(response, request, json(500, { __type: "InternalServerError", message }));
      },
    );
  });
  server.keepAliveTimeout = keepAliveMs;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  { stack, iam, database }: AwsOptions,
  secrets: ReadonlyMap<string, Secret>,
  request: IncomingMessage,
): Promise<Answer> {
  const body = (await buffer(request)).toString();
  const [service = "", operation = ""] = String(request.headers["x-amz-target"]).split(".");
  const [, accessKeyId = ""] = /Credential=([^/]+)\//.exec(request.headers.authorization ?? "") ?? [];
  const principal = iam.principalOf(accessKeyId);
  if (!principal) {
    const message = "The security token included in the request is invalid.";
    return json(400, { __type: "com.amazon.coral.service#UnrecognizedClientException", message });
  }
  const refuse = (principal: Principal, action: string, resource: string, typePrefix: string) => {
    const message = iam.refusal(principal, action, resource);
    return message === undefined
      ? undefined
      : json(400, { __type: `${typePrefix}AccessDeniedException`, Message: message });
  };
  const input: Record<string, unknown> = JSON.parse(body);
  switch (service) {
    case "DynamoDB_20120810": {
      const needs = dynamoDbNeeds(stack, operation, input);
      if (!needs) return unknownOperation(`${operation} of DynamoDB`);
      for (const { action, resource } of needs) {
        const refusal = refuse(principal, action, resource, "com.amazon.coral.service#");
        if (refusal) return refusal;
      }
      return database.request(operation, body);
    }
    case "secretsmanager": {
      if (operation !== "GetSecretValue") return unknownOperation(`${operation} of Secrets Manager`);
      const id = String(input.SecretId);
      const secret = secrets.get(id);
      return (
        refuse(principal, "secretsmanager:GetSecretValue", secret?.ARN ?? id, "") ??
        (secret ? json(200, secret) : secretMissing())
      );
    }
    default:
      return unknownOperation(String(request.headers["x-amz-target"]));
  }
}

const unknownOperation = (what: string): Answer =>
  json(400, {
    __type: "com.amazon.coral.service#UnknownOperationException",
    message: `the local runtime does not serve ${what}`,
  });

function write(response: ServerResponse, request: IncomingMessage, { status, body }: Answer): void {
  response.writeHead(status, {
    "content-type": request.headers["content-type"] ?? "application/x-amz-json-1.0",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
