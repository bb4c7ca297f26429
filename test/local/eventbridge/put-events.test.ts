import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { describe, expect, onTestFinished, test } from "vitest";
import { recordEvents } from "../../../local/eventbridge/recorded-events.ts";
import { eventBridgeService } from "../../../local/eventbridge/service.ts";
import { startAwsEndpoint } from "../../../local/host/aws-endpoint.ts";
import { createIam } from "../../../local/iam/iam.ts";
import { resolveStack } from "../../../local/template/stack.ts";
import { noFaults } from "../../../local/world/faults.ts";
import { createInvocations } from "../../../local/world/invocations.ts";
import { assemblyOf, policyDocument, smallResources } from "../support/small-template.ts";

const busArn = (name: string) => `arn:aws:events:us-east-1:000000000000:event-bus/${name}`;

async function start(resource = busArn("default")) {
  const PolicyDocument = policyDocument({ Effect: "Allow", Action: "events:PutEvents", Resource: resource });
  const EventGrants = { Type: "AWS::IAM::Policy", Properties: { Roles: [{ Ref: "Role" }], PolicyDocument } };
  const stack = resolveStack(assemblyOf({ ...smallResources(), EventGrants }));
  const logs: string[] = [];
  const events = recordEvents((line) => logs.push(line));
  const iam = createIam(stack);
  const services = { AWSEvents: eventBridgeService(stack, events) };
  const aws = await startAwsEndpoint({ iam, invocations: createInvocations(noFaults()), services });
  onTestFinished(aws.close);
  const credentials = iam.principalOfFunction("Function");
  const client = new EventBridgeClient({ endpoint: aws.url, region: "us-east-1", credentials, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  return { events, logs, put: (...Entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries })) };
}
const entry = { Source: "downlink", DetailType: "MessageUndelivered", Detail: '{"messageId":"m1"}' };
const recorded = { bus: "default", source: "downlink", detailType: "MessageUndelivered", detail: { messageId: "m1" } };

describe("PutEvents", () => {
  test("is recorded, and logged without its data", async () => {
    const { events, logs, put } = await start();
    const { FailedEntryCount, Entries } = await put(entry, { ...entry, EventBusName: busArn("default") });
    expect([FailedEntryCount, Entries]).toEqual([
      0,
      [{ EventId: expect.any(String) }, { EventId: expect.any(String) }],
    ]);
    expect(events.all).toEqual([recorded, recorded]);
    expect(logs[0]).toBe("event MessageUndelivered from downlink on the bus default");
  });

  test("is logged with its message id, subject and room, and nothing else of it", async () => {
    const { logs, put } = await start();
    const detail = { messageId: "m-1", subject: "ann", roomId: "456", eventName: "secret", data: "secret" };
    await put({ ...entry, Detail: JSON.stringify(detail) });
    expect(logs).toEqual(["event MessageUndelivered m-1 to ann in 456"]);
  });

  test.each([
    ["a detail that is not JSON", { ...entry, Detail: "hello" }, "MalformedDetail"],
    ["a detail that is a list", { ...entry, Detail: "[]" }, "MalformedDetail"],
    ["no source", { ...entry, Source: "" }, "InvalidArgument"],
    ["no detail type", { ...entry, DetailType: undefined }, "InvalidArgument"],
  ])("fails for an entry with %s and records the others", async (_, wrong, ErrorCode) => {
    const { events, put } = await start();
    expect(await put(wrong, entry)).toMatchObject({ FailedEntryCount: 1, Entries: [{ ErrorCode }, {}] });
    expect(events.all).toEqual([recorded]);
  });

  test("accepts ten entries and not more", async () => {
    const { put } = await start();
    await put(...Array(10).fill(entry));
    await expect(put(...Array(11).fill(entry))).rejects.toMatchObject({ name: "ValidationException" });
  });

  test("to a bus without a grant is denied with AWS' message", async () => {
    const { events, put } = await start(busArn("other"));
    await expect(put({ ...entry, EventBusName: "other" }, entry)).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringMatching(/not authorized to perform: events:PutEvents on resource: .*event-bus\/default/),
    });
    expect(events.all).toEqual([]);
  });
});

describe("first", () => {
  test("resolves with the oldest event that matches, whether it was recorded before or after the call", async () => {
    const { events, put } = await start();
    const second = events.first(({ detail }) => detail.n === 2);
    await put({ ...entry, Detail: '{"n":1}' });
    await put({ ...entry, Detail: '{"n":2}' });
    expect((await second).detail).toEqual({ n: 2 });
    expect((await events.first()).detail).toEqual({ n: 1 });
  });
});
