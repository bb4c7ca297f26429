import { hash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Signs the tokens of the benchmark. */
export const tokenSecret = "a secret of at least thirty-two characters";

/** The row of a room with one message and no members. */
const room = { epoch: { S: "e" }, lastSeq: { N: "1" }, generation: { N: "0" }, openedAtMs: { N: "1" } };

/** Responses by action: of empty tables, queues and a secret. */
const responses: Record<string, (body: string) => object> = {
  GetItem: () => ({}),
  PutItem: () => ({}),
  UpdateItem: () => ({ Attributes: room }),
  DeleteItem: () => ({}),
  Query: () => ({ Items: [], Count: 0, ScannedCount: 0 }),
  Scan: () => ({ Items: [], Count: 0, ScannedCount: 0 }),
  GetSecretValue: () => ({ SecretString: tokenSecret }),
  SendMessage: (body) => ({ MessageId: "1", MD5OfMessageBody: hash("md5", JSON.parse(body).MessageBody) }),
};

/** A server that responds to the functions' calls to AWS at once, with success. */
export async function openAws(): Promise<{ url: string; close(): void }> {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const action = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const result = responses[action]?.(body);
    if (!result) console.error(`no response to ${request.method} ${request.url} ${action}`);
    response.writeHead(result ? 200 : 400, { "content-type": "application/x-amz-json-1.0" });
    response.end(JSON.stringify(result ?? { __type: "ValidationException" }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
