import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { Pool } from "undici";
import { makePoster } from "../../lambdas/adapters/api-gateway/poster.ts";
import { makeSigner } from "../../lambdas/adapters/api-gateway/sign.ts";
import { connectTo } from "../../lambdas/adapters/http1/connection.ts";
import { ConnectionPool } from "../../lambdas/adapters/http1/connection-pool.ts";
import { limitedTo, type Way } from "./post-all.ts";
import { rawSockets } from "./raw-sockets.ts";

/** As a Lambda has them; a session token has about so many characters. */
const credentials = {
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: "IQoJb3JpZ2luX2Vj".repeat(62),
};
const region = "us-east-1";
/** As many as the Lambdas keep. */
export const connections = 400;

const fail = (error: Error) => {
  throw error;
};

/** The ways to post that are compared. `url` is that of the stage. */
export const ways: Record<string, (url: URL) => Way> = {
  ours(url) {
    const target = { host: url.host, path: url.pathname, region };
    const pool = new ConnectionPool({
      connect: connectTo(url),
      max: connections,
      timeoutMs: 3_000,
      now: Date.now,
      onMalformed: fail,
    });
    const trace = () => process.env._X_AMZN_TRACE_ID;
    const post = makePoster({ target, pool, credentials: () => credentials, trace, now: Date.now });
    return limitedTo(connections, async (id, text) => void (await post(id, text)));
  },

  /** What AWS's own samples do: all at once, with the client's defaults. */
  sdkAll(url) {
    // It would warn that so many wait for a socket.
    const client = sdk(url, { socketAcquisitionWarningTimeout: 600_000 });
    return async (ids, text) => {
      await Promise.all(ids.map((id) => client.send(new PostToConnectionCommand({ ConnectionId: id, Data: text }))));
    };
  },

  sdkTuned(url) {
    const agent = url.protocol === "https:" ? HttpsAgent : HttpAgent;
    const keepAlive = new agent({ keepAlive: true, maxSockets: 50, scheduling: "lifo" });
    const client = sdk(url, { httpAgent: keepAlive, httpsAgent: keepAlive as HttpsAgent });
    return limitedTo(
      50,
      async (ConnectionId, Data) => void (await client.send(new PostToConnectionCommand({ ConnectionId, Data }))),
    );
  },

  /** Our signing over the library that we would use otherwise. */
  signedUndici(url) {
    const target = { host: url.host, path: url.pathname, region };
    let signer = makeSigner(target, credentials, 0);
    let second = 0;
    return viaUndici(url, (id) => {
      const now = Math.floor(Date.now() / 1000);
      if (now !== second) {
        second = now;
        signer = makeSigner(target, credentials, now * 1000);
      }
      return [...signer.headers.flat(), "authorization", signer.authorization(id, payloadHash)];
    });
  },

  /** The library alone, with as many bytes in its headers as a signed post has. */
  undiciSameBytes(url) {
    const headers = Object.entries({
      "content-type": "application/octet-stream",
      "x-amz-date": "20240101T000000Z",
      "x-amz-security-token": credentials.sessionToken,
      authorization: "x".repeat(210),
    }).flat();
    return viaUndici(url, () => headers);
  },

  undiciBare: (url) => viaUndici(url, () => undefined),

  /** No HTTP at all: bytes that were made before, and a count of the bytes that come back. */
  rawSockets: (url) => rawSockets(url, connections, credentials.sessionToken.length + 300),
};

const payloadHash = "0".repeat(64);

const sdk = (url: URL, requestHandler = {}) =>
  new ApiGatewayManagementApiClient({ endpoint: url.href, region, credentials, requestHandler, maxAttempts: 1 });

function viaUndici(url: URL, headersOf: (id: string) => string[] | undefined): Way {
  const pool = new Pool(url.origin, { connections, pipelining: 1, allowH2: false, headersTimeout: 3_000 });
  return limitedTo(connections, (id, body) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const path = `${url.pathname}/@connections/${encodeURIComponent(id)}`;
    pool.dispatch(
      { path, method: "POST", headers: headersOf(id) ?? null, body },
      {
        onRequestStart() {},
        onResponseStart(_controller, status) {
          if (status !== 200) reject(new Error(`status ${status}`));
        },
        onResponseData() {},
        onResponseEnd: () => resolve(),
        onResponseError: (_controller, error) => reject(error),
      },
    );
    return promise;
  });
}
