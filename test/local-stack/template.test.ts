import { afterEach, describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import type { Local } from "../../local/host/runtime.ts";
import type { Template, TemplateResource } from "../../local/template/assembly.ts";
import { startStack } from "../support/start-stack.ts";

let local: Local;
afterEach(() => local.close());

const start = async (edit: (template: Template) => void = () => {}) => {
  local = await startStack({ edit });
};
const push = async (body: unknown, apiKey = local.apiKey) => {
  const headers = { "x-api-key": apiKey, "content-type": "application/json" };
  const response = await fetch(`${local.restUrl}/push`, { method: "POST", headers, body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
};
const test456 = { roomId: "456", eventName: "test", data: { a: 1 } };

/** Opens a raw WebSocket that queues the frames it receives. */
async function openPage() {
  const token = await local.mintToken({ sub: "ann", rooms: ["*"] });
  const socket = new WebSocket(`${local.webSocketUrl}?token=${token}`);
  const frames: unknown[] = [];
  let arrived = () => {};
  socket.on("message", (data) => {
    frames.push(JSON.parse(String(data)));
    arrived();
  });
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const next = async () => {
    while (frames.length === 0) await new Promise<void>((resolve) => (arrived = resolve));
    return frames.shift();
  };
  const request = (frame: unknown) => {
    socket.send(JSON.stringify(frame));
    return next();
  };
  return { request, next };
}

test("the synthesized stack runs: a page logs in and receives a push", async () => {
  await start();
  const page = await openPage();
  expect(await page.request({ action: "loginRoom", roomId: "456" })).toMatchObject({ data: { code: "2002" } });
  expect(await push(test456)).toMatchObject({ status: 200, body: { code: "0000" } });
  expect(await page.next()).toMatchObject({ eventName: "test", data: { a: 1 }, roomId: "456" });
  expect(local.logs.lines).toEqual([]);
});

describe("a template that lacks a resource fails as it would on AWS:", () => {
  const resourcesOf = (template: Template, type: string): [string, TemplateResource][] =>
    Object.entries(template.Resources).filter(([, { Type }]) => Type === type);

  const removeWithResponse = (template: Template, route: string) => {
    delete template.Resources[route];
    for (const [id, { Properties }] of resourcesOf(template, "AWS::ApiGatewayV2::RouteResponse")) {
      if (JSON.stringify(Properties?.RouteId) === JSON.stringify({ Ref: route })) delete template.Resources[id];
    }
  };

  test("without the route, API Gateway itself answers the frame", async () => {
    await start((template) => {
      for (const [id, { Properties }] of resourcesOf(template, "AWS::ApiGatewayV2::Route")) {
        if (["loginRoom", "$default"].includes(String(Properties?.RouteKey))) removeWithResponse(template, id);
      }
    });
    const page = await openPage();
    const answer = await page.request({ action: "loginRoom", roomId: "456" });
    expect(answer).toMatchObject({ message: "Forbidden", connectionId: expect.any(String) });
  });

  test("without the grant, DynamoDB refuses the call and the push fails", async () => {
    await start((template) => {
      const withoutPut = (actions: unknown) => [actions].flat().filter((action) => action !== "dynamodb:PutItem");
      for (const [id, { Properties }] of resourcesOf(template, "AWS::IAM::Policy")) {
        const document = Properties?.PolicyDocument as { Statement: { Action: unknown }[] };
        if (!id.includes("Push")) continue;
        document.Statement = document.Statement.map((each) => ({ ...each, Action: withoutPut(each.Action) }));
      }
    });
    expect(await push(test456)).toMatchObject({ body: { code: "9002" } });
    const logged = local.logs.lines.map(({ text }) => text).join("\n");
    expect(logged).toMatch(/not authorized to perform: dynamodb:PutItem on resource: arn:aws:dynamodb:.*Messages/);
  });

  test("without the variable, the Lambda function has no table name and the push fails", async () => {
    await start((template) => {
      for (const [id, { Properties }] of resourcesOf(template, "AWS::Lambda::Function")) {
        if (!id.includes("Push")) continue;
        const environment = Properties?.Environment as { Variables: Record<string, unknown> };
        delete environment.Variables.MESSAGES_TABLE;
      }
    });
    expect(await push(test456)).toMatchObject({ body: { code: "9002" } });
    expect(local.logs.lines.map(({ text }) => text).join("\n")).toMatch(/MESSAGES_TABLE is not set/);
  });

  test("without the permission, API Gateway may not invoke the Lambda function", async () => {
    await start((template) => {
      for (const [id, { Properties }] of resourcesOf(template, "AWS::Lambda::Permission")) {
        if (JSON.stringify(Properties?.SourceArn).includes("/POST/push")) delete template.Resources[id];
      }
    });
    expect(await push(test456)).toEqual({ status: 500, body: { code: "9002", msg: expect.any(String) } });
  });
});
