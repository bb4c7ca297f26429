import { expect, test } from "vitest";
import { readArguments } from "../../../local/host/arguments.ts";

test.each([
  ["", { port: 4500, data: "disk", quiet: false }],
  ["--port 8080", { port: 8080, data: "disk", quiet: false }],
  ["--port=0 --data=memory --quiet", { port: 0, data: "memory", quiet: true }],
])("npm start -- %s", (line, expected) => {
  expect(readArguments(line.split(" ").filter(Boolean))).toEqual(expected);
});

test.each([
  ["--colour blue", /^Unknown option '--colour'; usage: npm start/],
  ["456", /^Unexpected argument '456'.*; usage: npm start/],
  ["--port", /^Option '--port <value>' argument missing; usage: npm start/],
  ["--port http", /^--port should be a number from 0 .* to 65535, got http; usage: npm start/],
  ["--port 65536", /^--port should be a number .*, got 65536; usage: npm start/],
  ["--data cloud", /^--data should be memory or disk, got cloud; usage: npm start/],
  ["--quiet=yes", /^Option '--quiet' does not take an argument; usage: npm start/],
])("npm start -- %s is rejected", (line, message) => {
  expect(() => readArguments(line.split(" "))).toThrow(message);
});
