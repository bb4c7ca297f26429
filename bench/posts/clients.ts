import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { ApiGatewayManagementApiClient, PostToConnectionCommand } from "@aws-sdk/client-apigatewaymanagementapi";
import { Pool } from "undici";
import { makePoster } from "../../lambdas/adapters/api-gateway/poster.ts";
import { makeSigner } from "../../lambdas/adapters/api-gateway/sign.ts";
import { connectTo } from "../../lambdas/adapters/http1/connection.ts";
import { ConnectionPool } from "../../lambdas/adapters/http1/connection-pool.ts";
import { postConcurrency } from "../../lambdas/domain/delivery/deliver.ts";
import { credentials, type PostAll, region, withConcurrency } from "./post-all.ts";
import { rawSockets } from "./raw-sockets.ts";

/** As many as the deployed adapter keeps. */
export const connections = postConcurrency;

const fail = (error: Error) => {
  throw error;
};

/** The compared clients by name. `url` is the URL of the stage. */
export const clients: Record<string, (url: URL) => PostAll> = {
  /** The adapter of the deployed functions. */
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
    return withConcurrency(connections, async (id, text) => void (await post(id, text)));
  },

  /** As in AWS's samples: all posts at once, with the defaults of the client. */
  sdkAll(url) {
    // The client would warn about posts that wait for a socket.
    const client = sdk(url, { socketAcquisitionWarningTimeout: 600_000 });
    return async (ids, text) => {
      await Promise.all(ids.map((id) => client.send(new PostToConnectionCommand({ ConnectionId: id, Data: text }))));
    };
  },

  /** 50 posts at once over 50 connections that stay open. */
  sdkTuned(url) {
    const agent = url.protocol === "https:" ? HttpsAgent : HttpAgent;
    const keepAlive = new agent({ keepAlive: true, maxSockets: 50, scheduling: "lifo" });
    const client = sdk(url, { httpAgent: keepAlive, httpsAgent: keepAlive as HttpsAgent });
    return withConcurrency(
      50,
      async (ConnectionId, Data) => void (await client.send(new PostToConnectionCommand({ ConnectionId, Data }))),
    );
  },

  /** Our signer over undici. */
  signedUndici(url) {
    const target = { host: url.host, path: url.pathname, region };
    let signer = makeSigner(target, credentials, 0);
    let second = 0;
    return overUndici(url, (id) => {
      const now = Math.floor(Date.now() / 1000);
      if (now !== second) {
        second = now;
        signer = makeSigner(target, credentials, now * 1000);
      }
      return [...signer.headers.flat(), "authorization", signer.authorization(id, payloadHash)];
    });
  },

  /** Unsigned, without headers. */
  undiciBare: (url) => overUndici(url, () => undefined),

  /** The lower bound: writes prepared bytes, and counts the bytes of the responses. */
  rawSockets: (url) => rawSockets(url, connections, credentials.sessionToken.length + 300),
};

const payloadHash = "0".repeat(64);

const sdk = (url: URL, requestHandler = {}) =>
  new ApiGatewayManagementApiClient({ endpoint: url.href, region, credentials, requestHandler, maxAttempts: 1 });

function overUndici(url: URL, headersOf: (id: string) => string[] | undefined): PostAll {
  const pool = new Pool(url.origin, { connections, pipelining: 1, allowH2: false, headersTimeout: 3_000 });
  return withConcurrency(connections, (id, body) => {
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
