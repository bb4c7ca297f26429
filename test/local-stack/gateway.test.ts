import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { Local } from "../../local/host/runtime.ts";
import type { Template } from "../../local/template/assembly.ts";
import { startStack } from "../support/start-stack.ts";

const start = async (edit?: (resources: Template["Resources"]) => void): Promise<Local> => {
  const local = await startStack({ edit: ({ Resources }) => edit?.(Resources) });
  onTestFinished(() => local.close());
  return local;
};

/** Connects, sends the frames one after the other, and waits for a reply to each. @returns the replies */
async function converse(local: Local, frames: object[]): Promise<string[]> {
  const token = await local.mintToken({ sub: "ann", rooms: ["*"], publish: [] });
  const socket = new WebSocket(local.webSocketUrl, ["downlink.v1", `token.${token}`]);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  const replies: string[] = [];
  for (const frame of frames) {
    socket.send(JSON.stringify(frame));
    const [data] = await once(socket, "message");
    replies.push(String(data));
  }
  return replies;
}

/** Removes the resources of a type whose logical id contains this part. */
const remove = (type: string, part: string) => (resources: Template["Resources"]) => {
  const names = Object.keys(resources).filter((name) => resources[name]?.Type === type && name.includes(part));
  expect(names).not.toEqual([]);
  for (const name of names) delete resources[name];
};
const alive = '{"type":"heartbeat","eventName":"heartbeatResp","data":{"code":"2008","msg":"alive"}}';
const frame = (message: string) =>
  new RegExp(`^\\{"message": "${message}", "connectionId":"[\\w-]{15}=", "requestId":`);

describe("the synthesized template", () => {
  test("answers hello by a Lambda function and heartbeat without one", async () => {
    const local = await start();
    const [hello, heartbeat] = await converse(local, [{ action: "hello" }, { action: "heartbeat" }]);
    expect(JSON.parse(hello ?? "")).toMatchObject({ eventName: "connetResp", data: { code: "2001" } });
    expect(heartbeat).toBe(alive);
  });

  test("fails on one route alone if its permission is missing", async () => {
    const local = await start(remove("AWS::Lambda::Permission", "helloRoute"));
    const [hello, heartbeat] = await converse(local, [{ action: "hello" }, { action: "heartbeat" }]);
    expect(hello).toMatch(frame("Internal server error"));
    expect(heartbeat).toBe(alive);
  });

  test("fails on a heartbeat if its IntegrationResponse is missing", async () => {
    const local = await start(remove("AWS::ApiGatewayV2::IntegrationResponse", "heartbeat"));
    expect(await converse(local, [{ action: "heartbeat" }])).toEqual([
      expect.stringMatching(frame("Internal server error")),
    ]);
  });

  test("drops the reply of a Lambda function if the RouteResponse is missing", async () => {
    const local = await start(remove("AWS::ApiGatewayV2::RouteResponse", "helloRoute"));
    const token = await local.mintToken({ sub: "ann", rooms: ["*"], publish: [] });
    const socket = new WebSocket(local.webSocketUrl, ["downlink.v1", `token.${token}`]);
    onTestFinished(() => socket.terminate());
    await once(socket, "open");
    socket.send('{"action":"hello"}');
    socket.send('{"action":"leaveRoom","roomId":"1"}');
    const [data] = await once(socket, "message");
    expect(JSON.parse(String(data))).toMatchObject({ eventName: "leaveRoomResp" });
  });

  test("answers in API Gateway's own codes where API Gateway answers alone", async () => {
    const { restUrl } = await start();
    const post = async (path: string) => {
      const response = await fetch(restUrl + path, { method: "POST", body: "{}" });
      return [response.status, ((await response.json()) as { code: string }).code];
    };
    expect(await post("/push")).toEqual([403, "1101"]);
    expect(await post("/elsewhere")).toEqual([404, "1104"]);
  });
});
