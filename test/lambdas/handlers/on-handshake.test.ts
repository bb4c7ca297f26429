import { describe, expect, test } from "vitest";
import { type HandshakeEvent, onHandshake } from "../../../lambdas/handlers/on-handshake.ts";

const methodArn = "arn:aws:execute-api:us-east-1:1:api/socket/$connect";
const claims = { subject: "ann", grants: { rooms: ["*"], publish: [] }, tokenExpiresAtMs: 1_700_000_000_000 };

/** Runs the authorizer. Only the token `good` is valid. */
async function authorize(event: Partial<HandshakeEvent>, allowedOrigins = ["https://app.example.com"]) {
  const seen: string[] = [];
  const handler = onHandshake(() => ({
    allowedOrigins,
    verify: async (token) => {
      seen.push(token);
      return token === "good" ? claims : { refused: `ERR of ${token}` };
    },
  }));
  const result = await handler({ methodArn, ...event }).catch((error: Error) => error);
  return { result, seen };
}
const effectOf = async (event: Partial<HandshakeEvent>, allowedOrigins?: string[]) => {
  const { result } = await authorize(event, allowedOrigins);
  return result instanceof Error ? result.message : result.policyDocument.Statement[0]?.Effect;
};
const good = { queryStringParameters: { token: "good" } };

describe("a handshake with a good token", () => {
  test("is allowed for its own route, with its claims as the context", async () => {
    expect((await authorize(good)).result).toEqual({
      principalId: "ann",
      policyDocument: {
        Version: "2012-10-17",
        Statement: [{ Action: "execute-api:Invoke", Effect: "Allow", Resource: methodArn }],
      },
      context: { subject: "ann", rooms: '["*"]', publish: "[]", tokenExpiresAt: "1700000000" },
    });
  });

  test.each([
    ["in the query string", good],
    ["as a subprotocol", { headers: { "Sec-WebSocket-Protocol": "downlink.v1, token.good" } }],
    ["as the only subprotocol", { headers: { "Sec-WebSocket-Protocol": "token.good" } }],
    ["in a header of another spelling", { headers: { "sec-websocket-PROTOCOL": "token.good,downlink.v1" } }],
  ])("is allowed with the token %s", async (_, event) => {
    expect(await effectOf(event)).toBe("Allow");
  });

  test("uses the query string's token if both are given", async () => {
    const headers = { "Sec-WebSocket-Protocol": "token.other" };
    expect((await authorize({ ...good, headers })).seen).toEqual(["good"]);
  });
});

describe("a handshake without a good token", () => {
  test.each([
    ["no token", {}],
    ["no token but a subprotocol", { headers: { "Sec-WebSocket-Protocol": "downlink.v1" } }],
    ["an empty token", { queryStringParameters: { token: "" } }],
    ["a bad token", { queryStringParameters: { token: "bad" } }],
    ["a good token in a header that no browser can set", { headers: { Authorization: "good" } }],
  ])("is unauthorized: %s", async (_, event) => {
    // API Gateway responds with 401 to exactly this message, and with 500 to any other.
    expect(await effectOf(event)).toBe("Unauthorized");
  });

  test("leaves one line in the log with the reason, and no stack", async () => {
    const { result } = await authorize({ queryStringParameters: { token: "bad" } });
    expect(result).toHaveProperty("stack", "Unauthorized: ERR of bad");
  });
});

describe("the origin", () => {
  const from = (Origin: string) => ({ ...good, headers: { Origin } });
  const app = "https://app.example.com";

  test.each([
    ["an allowed one", app, [app], "Allow"],
    ["one of several", app, ["https://www.example.com", app], "Allow"],
    ["any", "https://evil.example", ["*"], "Allow"],
    ["another one", "https://evil.example", [app], "Deny"],
    ["one with the same beginning", `${app}.evil.example`, [app], "Deny"],
    ["a subdomain", "https://a.app.example.com", [app], "Deny"],
    ["another scheme", "http://app.example.com", [app], "Deny"],
    ["another port", `${app}:8443`, [app], "Deny"],
    ["that of a file or a sandbox", "null", [app], "Deny"],
    ["an empty one", "", [app], "Deny"],
  ])("%s: %s with %j: %s", async (_, origin, allowed, effect) => {
    expect(await effectOf(from(origin), allowed)).toBe(effect);
  });

  test("may be missing, because programs send none: the token decides", async () => {
    expect(await effectOf(good)).toBe("Allow");
    expect(await effectOf({})).toBe("Unauthorized");
  });

  test("is read in any spelling of its header, and before the token", async () => {
    const { result, seen } = await authorize({ ...good, headers: { ORIGIN: "https://evil.example" } });
    expect(result).toMatchObject({ principalId: "foreign-origin" });
    expect(result).not.toHaveProperty("context");
    expect(seen).toEqual([]);
  });
});
