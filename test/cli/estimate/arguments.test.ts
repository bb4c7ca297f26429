import { describe, expect, test } from "vitest";
import { helpText, readArguments } from "../../../cli/estimate/arguments.ts";
import { estimate } from "../../../cli/estimate/estimate.ts";
import { reportOf } from "../../../cli/estimate/report.ts";

const scenarioOf = (...args: string[]) => {
  const read = readArguments(args);
  if (read.kind !== "estimate") throw new Error(`read as ${read.kind}`);
  return read.scenario;
};

describe("the command line", () => {
  test("needs only the connections; rooms have ten members by default", () => {
    expect(scenarioOf("--connections", "1000")).toMatchObject({ connections: 1_000, rooms: 100, qos: 1 });
    expect(scenarioOf("--connections", "1000", "--rooms", "5")).toMatchObject({ rooms: 5 });
    expect(scenarioOf("--connections", "4")).toMatchObject({ rooms: 1 });
  });

  test.each(["100000", "100_000", "100,000", "1e5"])("reads %s as a hundred thousand", (text) => {
    expect(scenarioOf("--connections", text).connections).toBe(100_000);
  });

  test.each([
    [[], "--connections is missing"],
    [["--connections", "many"], "--connections should be a whole number from 1 to 100,000,000, got many"],
    [["--connections", "0"], "got 0"],
    [["--connections", "1.5"], "got 1.5"],
    [["--connections", "10", "--heartbeat", "4"], "--heartbeat should be a number from 5 to 570, got 4"],
    [["--connections", "10", "--payload", "6000000"], "--payload should be a whole number from 1 to 5,242,880"],
    [["--connections", "-5"], "--connections should be a whole number from 1 to 100,000,000, got -5"],
    [["--connections", "10", "--heartbeat", "-.5"], "--heartbeat should be a number from 5 to 570, got -.5"],
    [["--connections", "10", "--qos", "2"], "--qos should be a whole number from 0 to 1, got 2"],
    [
      ["--connections", "10", "--rooms", "2", "--rooms-per-connection", "3"],
      "--rooms should be at least --rooms-per-connection (3), got 2",
    ],
    [
      ["--connections", "1000", "--rooms", "1000000000"],
      "--rooms should be at most 1,000 (connections × rooms per connection), got 1,000,000,000; count",
    ],
    [["--connection", "10"], "--connection"],
    [["--connections"], "--connections"],
  ])("refuses %j: %s", (args, message) => {
    expect(() => readArguments(args)).toThrow(message);
    expect(() => readArguments(args)).toThrow(/--help|cannot be|count those/);
    expect(() => readArguments(args)).not.toThrow(/\n/);
  });

  test("help names every option with its default", () => {
    expect(readArguments(["-h"])).toEqual({ kind: "help" });
    expect(helpText()).toMatch(/--heartbeat N +\[270\] seconds/);
  });
});

describe("the report", () => {
  const lines = reportOf(estimate(scenarioOf("--connections", "100000"), 1)).split("\n");

  test("has an explanation after each cost, and numbers under their titles", () => {
    const head = lines.find((line) => line.includes("API Gateway") && line.includes("DynamoDB")) ?? "";
    const end = head.indexOf("total") + "total".length;
    const items = lines.slice(
      lines.indexOf(head) + 1,
      lines.findIndex((line) => line.includes("──")),
    );
    expect(items.length).toBeGreaterThan(5);
    for (const item of items) {
      expect(item.slice(0, end)).toMatch(/\d\.\d\d$/);
      expect(item.slice(end)).toMatch(/^ {2}\S/);
    }
  });

  test("has the reason of each time, and the result of the simulation", () => {
    expect(lines.find((line) => line.includes("a push to everyone"))).toMatch(/ s +[\d.]+ s {2}3,150 posts a second/);
  });
});
