import { randomUUID } from "node:crypto";
import { json } from "../http/json-response.ts";
import type { JsonInput, JsonService } from "../http/json-service.ts";
import { isObject } from "../template/json-object.ts";
import type { Deployment } from "../template/physical-names.ts";
import type { BusEvent, RecordedEvents } from "./recorded-events.ts";

const maxEntries = 10;
type Entry = { EventBusName?: string; Source?: string; DetailType?: string; Detail?: string };

/** Takes events and remembers them; rules are not evaluated. */
export const eventBridgeService = (place: Deployment, events: RecordedEvents): JsonService => ({
  name: "EventBridge",
  prefix: "events",
  requiredPermissions: (operation, input) => {
    if (operation !== "PutEvents") return undefined;
    const buses = new Set(entriesOf(input).map((entry) => busArn(place, entry)));
    return [...buses].map((resource) => ({ action: "events:PutEvents", resource }));
  },
  refuse: (Message) => json(400, { __type: "AccessDeniedException", Message }),
  serve: async (_, input) => {
    const entries = entriesOf(input);
    if (entries.length === 0 || entries.length > maxEntries) {
      const message = `1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length between 1 and ${maxEntries}`;
      return json(400, { __type: "ValidationException", message });
    }
    const Entries = entries.map((entry) => {
      const read = readEntry(place, entry);
      if ("ErrorCode" in read) return read;
      events.add(read);
      return { EventId: randomUUID() };
    });
    return json(200, { FailedEntryCount: Entries.filter((each) => "ErrorCode" in each).length, Entries });
  },
});

const entriesOf = ({ Entries }: JsonInput) => (Entries ?? []) as Entry[];

const busArn = ({ partition, region, accountId }: Deployment, { EventBusName = "default" }: Entry) =>
  EventBusName.startsWith("arn:")
    ? EventBusName
    : `arn:${partition}:events:${region}:${accountId}:event-bus/${EventBusName}`;

function readEntry(place: Deployment, entry: Entry): BusEvent | { ErrorCode: string; ErrorMessage: string } {
  const { Source, DetailType, Detail } = entry;
  for (const [name, value] of Object.entries({ Source, DetailType, Detail })) {
    if (!value) {
      return {
        ErrorCode: "InvalidArgument",
        ErrorMessage: `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
      };
    }
  }
  const detail = parseObject(Detail);
  if (!detail) return { ErrorCode: "MalformedDetail", ErrorMessage: "Detail is malformed." };
  return {
    bus: busArn(place, entry).split("/").slice(1).join("/"),
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
