import { hash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Signs the tokens of this benchmark. */
export const tokenSecret = "a secret of at least thirty-two characters";

/** A room in which something was pushed, and nobody is. */
const room = { epoch: { S: "e" }, lastSeq: { N: "1" }, generation: { N: "0" }, openedAtMs: { N: "1" } };

/** What AWS answers by the last word of a call's target, where there are tables, queues and a secret, and nobody is in. */
const answers: Record<string, (body: string) => object> = {
  GetItem: () => ({}),
  PutItem: () => ({}),
  UpdateItem: () => ({ Attributes: room }),
  DeleteItem: () => ({}),
  Query: () => ({ Items: [], Count: 0, ScannedCount: 0 }),
  Scan: () => ({ Items: [], Count: 0, ScannedCount: 0 }),
  GetSecretValue: () => ({ SecretString: tokenSecret }),
  SendMessage: (body) => ({ MessageId: "1", MD5OfMessageBody: hash("md5", JSON.parse(body).MessageBody) }),
};

/** A server that answers a function's calls at once, with success. */
export async function openAws(): Promise<{ port: number; close(): void }> {
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const action = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
    const answer = answers[action]?.(body);
    if (!answer) console.error(`nobody answers ${request.method} ${request.url} ${action}`);
    response.writeHead(answer ? 200 : 400, { "content-type": "application/x-amz-json-1.0" });
    response.end(JSON.stringify(answer ?? { __type: "ValidationException" }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
