import { describe, expect, onTestFinished, test } from "vitest";
import { handshakeStatus, meet, openPage } from "../conformance/page.ts";
import { push } from "../conformance/target.ts";
import { all, type Edit, lose, loseGrant, loseRoute, setVariable } from "./edit-template.ts";
import { type LocalTarget, startTarget } from "./local-target.ts";

// The local runtime runs the synthesized template itself. If a resource is missing, its users fail as they would on AWS.

async function startWithout(edit: Edit): Promise<LocalTarget> {
  const target = await startTarget({ edit, maxEnvironments: 2 });
  onTestFinished(() => target.close());
  return target;
}
const printed = ({ logs }: LocalTarget) => logs.lines.map(({ text }) => text).join("\n");
const say = async (target: LocalTarget, frame: Record<string, unknown>) => {
  const page = await openPage(target);
  onTestFinished(() => page.close());
  page.say(frame);
  return page.next();
};
const gatewayError = (message: string) =>
  new RegExp(`^\\{"message": "${message}", "connectionId":"[\\w-]+=", "requestId":"[\\w-]+=*"\\}$`);
const login = { action: "loginRoom", roomId: "456" };
const good = { roomId: "456", eventName: "test", data: 1 };

describe("a template without a route", () => {
  test("(loginRoom, $default) answers the route's frames Forbidden, and all others normally", async () => {
    const target = await startWithout(all(loseRoute("loginRoom"), loseRoute("$default")));
    const page = await meet(target);
    page.say(login);
    expect((await page.next()).raw).toMatch(gatewayError("Forbidden"));
    expect(await page.leave("456")).toMatchObject({ data: { code: "2006" } });
  });

  test("($default) answers unknown frames Forbidden", async () => {
    const target = await startWithout(loseRoute("$default"));
    const page = await meet(target);
    page.say({ action: "fly" });
    expect((await page.next()).raw).toMatch(gatewayError("Forbidden"));
    page.say("no JSON");
    expect((await page.next()).raw).toMatch(gatewayError("Forbidden"));
  });

  test("(heartbeat) routes its frames to a Lambda function, which logs the mistake", async () => {
    const target = await startWithout(loseRoute("heartbeat"));
    expect((await say(target, { action: "heartbeat" })).raw).toMatch(gatewayError("Internal server error"));
    expect(printed(target)).toContain("heartbeat reached a Lambda");
  });

  test("($connect) accepts every connection, and knows none of them", async () => {
    const target = await startWithout(loseRoute("$connect"));
    const page = await openPage(target, { token: "" });
    onTestFinished(() => page.close());
    expect(await page.login("456")).toMatchObject({
      data: { code: "2003", msg: "the connection is not known any more" },
    });
  });

  test("($disconnect) keeps the rows of closed connections", async () => {
    const target = await startWithout(loseRoute("$disconnect"));
    const page = await openPage(target);
    await page.login("456");
    await page.close();
    expect(JSON.stringify(await target.rows())).toContain(page.subject);
  });
});

describe("a template without a grant", () => {
  test.each([
    ["UpdateItem", "Connections"],
    ["Query", "Rooms"],
  ] as const)("of the socket's %s on %s answers a login 2003", async (operation, table) => {
    const target = await startWithout(loseGrant("socket", `dynamodb:${operation}`, table));
    const { frame } = await say(target, { ...login, ref: 1 });
    expect(frame).toMatchObject({
      eventName: "loginRoomResp",
      data: { code: "2003", msg: "server trouble, try again" },
      ref: 1,
    });
    expect(printed(target)).toContain("AccessDeniedException");
    expect(printed(target)).toMatch(
      new RegExp(`is not authorized to perform: dynamodb:${operation} on resource: arn:aws:dynamodb:.*${table}`),
    );
  });

  test.each([
    ["PutItem", "Connections"],
    ["UpdateItem", "Rooms"],
  ] as const)("of the socket's %s on %s fails the handshake with 502", async (operation, table) => {
    const target = await startWithout(loseGrant("socket", `dynamodb:${operation}`, table));
    expect(await handshakeStatus(target, {})).toBe(502);
    expect(printed(target)).toContain("AccessDeniedException");
  });

  test("of the socket's @connections cannot check whether a connection is still open", async () => {
    const target = await startWithout(loseGrant("socket", "execute-api:ManageConnections"));
    const [ann, bob] = await Promise.all([meet(target), meet(target)]);
    await ann.login("456");
    expect(await bob.login("456")).toMatchObject({ data: { code: "2003", msg: "server trouble, try again" } });
    expect(printed(target)).toContain("is not authorized to perform: execute-api:ManageConnections");
  });

  test.each(["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:Query"])(
    "of the push's %s answers a push 9002",
    async (action) => {
      const target = await startWithout(loseGrant("push", action));
      const page = await meet(target);
      await page.login("456");
      expect(await push(target, good)).toMatchObject({ status: 500, answer: { code: "9002" } });
      expect(printed(target)).toMatch(/AccessDenied|responded to a post with 403/);
      expect(printed(target)).toContain(`is not authorized to perform: ${action}`);
      await page.settle();
      expect(page.inbox).toEqual([]);
    },
  );

  test("of the push's @connections answers a logged push 0000, and logs the missing permission", async () => {
    const target = await startWithout(loseGrant("push", "execute-api:ManageConnections"));
    const page = await meet(target);
    await page.login("456");
    expect(await push(target, good)).toMatchObject({ status: 200, answer: { code: "0000" } });
    expect(await push(target, { ...good, qos: 0 })).toMatchObject({ status: 500, answer: { code: "9002" } });
    expect(printed(target)).toContain("is not authorized to perform: execute-api:ManageConnections");
    await page.settle();
    expect(page.inbox).toEqual([]);
  });

  test("of the push's Scan answers a push to everyone 9002, and a push to a room 0000", async () => {
    const target = await startWithout(loseGrant("push", "dynamodb:Scan"));
    expect(await push(target, { eventName: "test", data: 1 })).toMatchObject({ answer: { code: "9002" } });
    expect(await push(target, good)).toMatchObject({ answer: { code: "0000" } });
  });

  test("of the authorizer's secret fails every handshake with 500", async () => {
    const target = await startWithout(loseGrant("authorize", "secretsmanager:GetSecretValue"));
    expect(await handshakeStatus(target, {})).toBe(500);
    expect(printed(target)).toContain("is not authorized to perform: secretsmanager:GetSecretValue");
  });
});

describe("a template without a variable", () => {
  test.each(["CONNECTIONS_TABLE", "ROOMS_TABLE", "CALLBACK_URL"])(
    "(%s of the socket) fails the handshake with 502, like a Lambda function that throws",
    async (name) => {
      const target = await startWithout(setVariable("socket", name, undefined));
      expect(await handshakeStatus(target, {})).toBe(502);
      expect(printed(target)).toContain(`${name} is not set`);
    },
  );

  test.each(["TOKEN_SECRET_ARN", "ALLOWED_ORIGINS"])(
    "(%s of the authorizer) fails the handshake with 500, like an authorizer that throws",
    async (name) => {
      const target = await startWithout(setVariable("authorize", name, undefined));
      expect(await handshakeStatus(target, {})).toBe(500);
      expect(printed(target)).toContain(`${name} is not set`);
    },
  );

  test.each(["MESSAGES_TABLE", "RETENTION_SECONDS"])("(%s of the push) answers every push 9002", async (name) => {
    const target = await startWithout(setVariable("push", name, undefined));
    expect(await push(target, good)).toMatchObject({ status: 500, answer: { code: "9002" } });
    expect(printed(target)).toContain(`${name} is not set`);
  });
});

describe("a template without another resource", () => {
  test("(the usage plan key) answers every push 403", async () => {
    const target = await startWithout(lose("AWS::ApiGateway::UsagePlanKey", () => true));
    expect(await push(target, good)).toMatchObject({ status: 403, answer: { code: "1101" } });
  });

  test("(the gateway response for a refused key) answers in API Gateway's own format", async () => {
    const isAny = ({ ResponseType }: Record<string, unknown>) =>
      ResponseType === "INVALID_API_KEY" || ResponseType === "DEFAULT_4XX";
    const target = await startWithout(lose("AWS::ApiGateway::GatewayResponse", isAny));
    expect(await push(target, good, { apiKey: "unknown" })).toMatchObject({
      status: 403,
      answer: { message: "Forbidden" },
    });
  });
});
