import { describe, expect, test } from "vitest";
import { connectResponse, tokenOf } from "../../../lambdas/handlers/socket-event.ts";

const connect = (headers: Record<string, string>) => ({
  requestContext: {
    eventType: "CONNECT" as const,
    routeKey: "$connect",
    connectionId: "c",
    connectedAt: 0,
    requestTimeEpoch: 0,
  },
  headers,
});

describe("the token", () => {
  test.each([
    ["token.abc", "abc"],
    ["downlink.v1,token.a.b.c", "a.b.c"],
    ["  downlink.v1 ,  token.abc ", "abc"],
    ["downlink.v1", undefined],
    ["Token.abc", undefined],
    ["", undefined],
  ])("of the subprotocols %j is %j", (offered, token) => {
    expect(tokenOf({ headers: { "Sec-WebSocket-Protocol": offered } })).toBe(token);
  });
});

describe("the response to $connect", () => {
  test.each([["downlink.v1"], ["token.abc, downlink.v1"], ["downlink.v1, token.abc"]])(
    "chooses our subprotocol of %j, never the token",
    (offered) => {
      expect(connectResponse(connect({ "sec-websocket-protocol": offered }))).toEqual({
        statusCode: 200,
        headers: { "Sec-WebSocket-Protocol": "downlink.v1" },
      });
    },
  );

  test.each([[{}], [{ "Sec-WebSocket-Protocol": "token.abc" }], [{ "Sec-WebSocket-Protocol": "downlink.v2" }]])(
    "chooses none of %j: a subprotocol that was not offered would end the handshake",
    (headers: Record<string, string>) => {
      expect(connectResponse(connect(headers))).toEqual({ statusCode: 200 });
    },
  );
});
