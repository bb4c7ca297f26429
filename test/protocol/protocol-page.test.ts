import { readFileSync } from "node:fs";
import type { PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { describe, expect, test } from "vitest";
import { clientCodes } from "../../client/core/client-codes.ts";
import { parseFrame } from "../../client/transport/parse.ts";
import { eventBus } from "../../lambdas/adapters/eventbridge/event-bus.ts";
import { frameCodes, frameTexts, isReservedEventName, pushCodes } from "../../protocol/codes.ts";
import { routes, type ServerFrame } from "../../protocol/frames.ts";
import { connectionIdleSeconds, connectionMaxSeconds, inlineBytes, limits } from "../../protocol/limits.ts";
import { parseClientFrame } from "../../protocol/parse-frame.ts";
import { parsePush } from "../../protocol/push.ts";

const page = readFileSync(new URL("../../protocol/PROTOCOL.md", import.meta.url), "utf8");
const examples = [...page.matchAll(/^```json (\w+)\n([^`]*)\n```$/gm)].map(([, kind = "", json = ""]) => ({
  kind,
  json,
}));
const of = (kind: string) => examples.filter((example) => example.kind === kind).map(({ json }) => json);
const rowsAfter = (heading: string) => {
  const table = page.slice(page.indexOf(heading)).match(/(?:^\|.*\|\n)+/m)?.[0] ?? "";
  return table
    .split("\n")
    .slice(2, -1)
    .map((row) =>
      row
        .split("|")
        .map((cell) => cell.trim().replaceAll("`", ""))
        .slice(1, -1),
    );
};

// A frame type that is missing here is a compile error; one that is missing in PROTOCOL.md fails a test.
const eventNames: { [T in ServerFrame["type"]]: string | undefined } = {
  message: undefined,
  connected: "connetResp",
  helloFailed: "connetResp",
  loggedIn: "loginRoomResp",
  loginFailed: "loginRoomResp",
  evicted: "loginRoomResp",
  left: "leaveRoomResp",
  leaveFailed: "leaveRoomResp",
  published: "publishResp",
  publishFailed: "publishResp",
  replayed: "replayResp",
  replayFailed: "replayResp",
  behind: "ackResp",
  delivered: "delivered",
  heartbeat: "heartbeatResp",
  probe: "probe",
  refused: "errorResp",
};

test("every example is marked with its sender, and the page has no other JSON", () => {
  expect(page.match(/^```./gm)).toHaveLength(examples.length);
  expect(new Set(examples.map(({ kind }) => kind))).toEqual(
    new Set(["client", "server", "gateway", "push", "answer", "poll", "event"]),
  );
});

describe("sections", () => {
  const partOf = (heading: string) => page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const sectionOf = (part: string, name: string) =>
    part.split(/^### /m).find((section) => section.startsWith(`\`${name}\`\n`)) ?? "";
  const common = new Set(["action", "type", "eventName", "data", "ref"]);

  test.each([
    ...of("client").map((json) => ["Client frames", JSON.parse(json)]),
    ...of("server").map((json) => ["Server frames", JSON.parse(json)]),
  ])("of each frame name its fields: %#", (heading, frame) => {
    const section = sectionOf(partOf(heading), frame.action ?? frame.type);
    const cells = [...section.matchAll(/^\| (`.*?) \|/gm)].map(([, cell]) => cell).join();
    const ticked = new Set([...cells.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name));
    expect(section).not.toBe("");
    // In a client frame, `type` is the login policy.
    const isKnown = (name: string) => ticked.has(name) || (common.has(name) && !(frame.action && name === "type"));
    expect(Object.keys(frame).filter((name) => !isKnown(name))).toEqual([]);
  });
});

test("the example of an event equals an event that the adapter sends", async () => {
  const [example = ""] = of("event");
  const sent: unknown[] = [];
  const send = (async ({ input: { Entries = [] } }: PutEventsCommand) => {
    for (const { Source, DetailType, Detail = "" } of Entries) {
      sent.push({ source: Source, "detail-type": DetailType, detail: JSON.parse(Detail) });
    }
    return {};
  }) as never;
  const message = { messageId: "report-7", roomId: "456", subject: "bob", eventName: "reportReady" };
  await eventBus({ send }, "default")([{ ...message, epoch: "k3f9", seq: 12, atMs: 1732060800000 }]);
  expect(sent).toEqual([JSON.parse(example)]);
});

describe("examples of client frames", () => {
  test.each(of("client"))("can be parsed: %s", (json) => {
    expect(parseClientFrame(json)).toEqual(JSON.parse(json));
  });

  test("show every action", () => {
    expect(new Set(of("client").map((json) => JSON.parse(json).action))).toEqual(new Set(Object.keys(routes)));
  });
});

describe("examples of server frames", () => {
  test.each(of("server"))("have a type, event name and code that exist: %s", (json) => {
    const frame: ServerFrame = JSON.parse(json);
    expect(Object.keys(eventNames)).toContain(frame.type);
    expect(frame.eventName).toBe(eventNames[frame.type] ?? frame.eventName);
    expect(isReservedEventName(frame.eventName)).toBe(frame.type !== "message");
    if (frame.type !== "message" && frame.type !== "probe" && frame.type !== "delivered") {
      expect(Object.values(frameCodes)).toContain(frame.data.code);
    }
    expect(parseFrame(json)).toEqual(["frame", frame]);
  });

  test("show every type", () => {
    expect(new Set(of("server").map((json) => JSON.parse(json).type))).toEqual(new Set(Object.keys(eventNames)));
  });

  test.each(of("gateway"))("of API Gateway are distinguished from those of Downlink: %s", (json) => {
    expect(parseFrame(json)).toEqual(["gatewayError", JSON.parse(json).message]);
  });
});

test.each(of("poll"))("the example of a poll has the fields of connected, and when to poll again: %s", (json) => {
  const { data, session, rooms, retryAfterMs, retryUpToMs } = JSON.parse(json);
  expect(data).toEqual({ code: frameCodes.connected, msg: frameTexts.connected });
  expect(typeof session).toBe("string");
  expect(retryAfterMs).toBeGreaterThan(0);
  expect(retryUpToMs).toBeGreaterThan(retryAfterMs);
  for (const { type, eventName } of rooms) expect(eventName).toBe(eventNames[type as ServerFrame["type"]]);
});

describe("examples of pushes", () => {
  test.each(of("push"))("are accepted: %s", (json) => {
    expect(parsePush(json)).toMatchObject({ ok: true });
  });

  test.each(of("answer"))("have an answer with a code that exists: %s", (json) => {
    const { ROOT, code } = JSON.parse(json);
    expect(Object.values(pushCodes).map((known) => known.code)).toContain(ROOT?.BODY.RETURN_CODE ?? code);
  });
});

describe("tables", () => {
  test("list the codes of frames", () => {
    const rows = rowsAfter("### Frame codes");
    expect(rows.map(([code]) => code)).toEqual(Object.values(frameCodes));
    const textOf = (wanted: string) => rows.find(([code]) => code === wanted)?.[2];
    expect(textOf("2001")).toBe(frameTexts.connected);
    expect(textOf("2002")).toBe(frameTexts.loggedIn("456"));
    expect(textOf("2004")).toBe(frameTexts.occupied("456"));
    expect(textOf("2005")).toBe(frameTexts.evicted("456"));
    expect(textOf("2006")).toBe(frameTexts.left("456"));
    expect(textOf("2010")).toBe(frameTexts.published);
    expect(textOf("2011")).toBe(frameTexts.replayed);
    expect(textOf("2013")).toBe(frameTexts.behind);
  });

  test("list the codes of the client", () => {
    const rows = rowsAfter("### Client codes");
    expect(rows.map(([code, name]) => [name, code])).toEqual(Object.entries(clientCodes));
  });

  test("list the codes of pushes with their status", () => {
    const rows = rowsAfter("### REST codes");
    const expected = Object.entries(pushCodes).map(([name, { code, status }]) => [code, `${status}`, name]);
    expect(rows.map((row) => row.slice(0, 3))).toEqual(expected);
  });

  test("list the limits", () => {
    const { frameBytes, payloadBytes, roomIdChars, eventNameChars, subjectBytes, sessionChars } = limits;
    const {
      messageIdChars,
      epochChars,
      historyMessages,
      unackedMessages,
      receiptsPerAck,
      waitForAcks,
      waitForMs,
      ttlSeconds,
    } = limits;
    const texts = [roomIdChars, eventNameChars, subjectBytes, sessionChars, messageIdChars, epochChars];
    const sizes = [frameBytes, inlineBytes, payloadBytes, ...texts, historyMessages, unackedMessages, receiptsPerAck];
    const { roomsPerHello, roomsPerConnection, roomsPerAck, roomsPerPush, excludedPerPush } = limits;
    const counts = [roomsPerHello, roomsPerConnection, roomsPerAck, roomsPerPush, excludedPerPush];
    const numbers = rowsAfter("## Limits").map((row) => Number.parseInt(row.at(-1)?.replaceAll(",", "") ?? "", 10));
    const times = [connectionMaxSeconds, connectionIdleSeconds, waitForAcks, waitForMs, ttlSeconds];
    expect(numbers).toEqual([...sizes, ...counts, ...times]);
    expect(limits.roomsPerAck).toBe(limits.roomsPerConnection + 2);
    expect([limits.nonceChars, limits.refChars]).toEqual([sessionChars, sessionChars]);
  });
});
