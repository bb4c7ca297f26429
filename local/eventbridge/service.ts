import { randomUUID } from "node:crypto";
import { json } from "../http/json-response.ts";
import type { JsonInput, JsonService } from "../http/json-service.ts";
import { arnOf, type Deployment } from "../template/deployment.ts";
import { isObject } from "../template/json-object.ts";
import type { BusEvent, RecordedEvents } from "./recorded-events.ts";

/** The limit of `PutEvents`. */
const maxEntries = 10;
/** One entry of the input of `PutEvents`. */
type Entry = { EventBusName?: string; Source?: string; DetailType?: string; Detail?: string };
type EntryError = { ErrorCode: string; ErrorMessage: string };

/** EventBridge: `PutEvents` records the events. Rules are not evaluated. */
export const eventBridgeService = (deployment: Deployment, events: RecordedEvents): JsonService => ({
  name: "EventBridge",
  prefix: "events",
  requiredPermissions: (operation, input) => {
    if (operation !== "PutEvents") return undefined;
    const buses = new Set(entriesOf(input).map((entry) => busArn(deployment, entry)));
    return [...buses].map((resource) => ({ action: "events:PutEvents", resource }));
  },
  accessDenied: (Message) => json(400, { __type: "AccessDeniedException", Message }),
  serve: async (_, input) => putEvents(deployment, events, entriesOf(input)),
});

function putEvents(deployment: Deployment, events: RecordedEvents, entries: Entry[]) {
  if (entries.length === 0 || entries.length > maxEntries) {
    const message = `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and ${maxEntries}`;
    return json(400, { __type: "ValidationException", message });
  }
  const Entries = entries.map((entry) => {
    const event = readEntry(deployment, entry);
    if ("ErrorCode" in event) return event;
    events.add(event);
    return { EventId: randomUUID() };
  });
  return json(200, { FailedEntryCount: Entries.filter((each) => "ErrorCode" in each).length, Entries });
}

const entriesOf = ({ Entries }: JsonInput) => (Entries ?? []) as Entry[];

// `EventBusName` can be a name or an ARN.
const busArn = (deployment: Deployment, { EventBusName = "default" }: Entry) =>
  EventBusName.startsWith("arn:") ? EventBusName : arnOf(deployment, "events", `event-bus/${EventBusName}`);

/** A wrong entry fails alone: `PutEvents` accepts the others. */
function readEntry(deployment: Deployment, entry: Entry): BusEvent | EntryError {
  const { Source, DetailType, Detail } = entry;
  for (const [name, value] of Object.entries({ Source, DetailType, Detail })) {
    if (value) continue;
    const ErrorMessage = `Parameter ${name} is not valid. Reason: ${name} is a required argument.`;
    return { ErrorCode: "InvalidArgument", ErrorMessage };
  }
  const detail = parseObject(Detail);
  if (!detail) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
  return {
    bus: busArn(deployment, entry).split("/").slice(1).join("/"),
    source: String(Source),
    detailType: String(DetailType),
    detail,
  };
}

function parseObject(text: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? "");
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
