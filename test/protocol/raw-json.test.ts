import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { rawMember } from "../../protocol/raw-json.ts";

describe("rawMember", () => {
  test.each<[string, string, string[], string | undefined]>([
    ["a member", '{"data":{"a":1}}', ["data"], '{"a":1}'],
    ["a nested member", '{"ROOT":{"BODY":{"data":[1, 2]}}}', ["ROOT", "BODY", "data"], "[1, 2]"],
    ["no space around it", ' {\n"data" :\t 5 \r\n} ', ["data"], "5"],
    ["space within it as it was", '{"data":{ "a" : [ 1 ,2 ] }}', ["data"], '{ "a" : [ 1 ,2 ] }'],
    ["large integers", '{"data":12345678901234567890}', ["data"], "12345678901234567890"],
    ["numbers as they were written", '{"data":[1.0,1e2,-0,0.10]}', ["data"], "[1.0,1e2,-0,0.10]"],
    ["the order of keys that look like numbers", '{"data":{"b":1,"2":2,"1":3}}', ["data"], '{"b":1,"2":2,"1":3}'],
    ["__proto__ keys", '{"data":{"__proto__":{"x":1}}}', ["data"], '{"__proto__":{"x":1}}'],
    ["a member named __proto__", '{"__proto__":7}', ["__proto__"], "7"],
    ["escapes as they were written", '{"data":"\\u0041\\n\\"\\\\"}', ["data"], '"\\u0041\\n\\"\\\\"'],
    ["a name that was written with escapes", '{"d\\u0061ta":1}', ["data"], "1"],
    ["brackets within strings", '{"data":["}",{"]":"{"}],"z":1}', ["data"], '["}",{"]":"{"}]'],
    ["emoji and lone surrogates", '{"data":"😀\\ud800"}', ["data"], '"😀\\ud800"'],
    ["the last of several", '{"data":1,"data":{"x":2},"data":[3]}', ["data"], "[3]"],
    ["the last of several on the way", '{"a":{"data":1},"a":{"data":2}}', ["a", "data"], "2"],
    ["nothing, because the last on the way is not an object", '{"a":{"data":1},"a":2}', ["a", "data"], undefined],
    ["nothing of another name", '{"Data":1}', ["data"], undefined],
    ["nothing of an empty object", "{ }", ["data"], undefined],
    ["nothing of an array", '{"a":["data"]}', ["a", "data"], undefined],
    ["nothing that lies deeper", '{"a":{"data":1}}', ["data"], undefined],
    ["the whole for an empty path", ' {"a":1} ', [], '{"a":1}'],
    ["null", '{"data":null}', ["data"], "null"],
    ["false", '{"data":false}', ["data"], "false"],
    ["an empty string", '{"data":""}', ["data"], '""'],
    ["an empty name", '{"":1}', [""], "1"],
  ])("gives %s", (_, json, path, expected) => {
    expect(rawMember(json, path)).toBe(expected);
  });

  const space = fc.string({ unit: fc.constantFrom(" ", "\t", "\n", "\r"), maxLength: 3 });

  test("returns a part of the text with the same meaning, for any JSON with any whitespace", () => {
    const spaced = fc.tuple(fc.dictionary(fc.string(), fc.jsonValue()), fc.infiniteStream(space));
    fc.assert(
      fc.property(spaced, fc.jsonValue(), ([others, spaces], data) => {
        const gap = () => spaces.next().value ?? "";
        const json = print({ ...others, data }, gap);
        const raw = rawMember(`${gap()}${json}${gap()}`, ["data"]);
        expect(json).toContain(raw);
        expect(JSON.parse(raw ?? "")).toEqual(JSON.parse(json).data);
        for (const name of Object.keys(others)) {
          expect(JSON.parse(rawMember(json, [name]) ?? "")).toEqual(JSON.parse(json)[name]);
        }
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["a string of 1 MB", JSON.stringify("x".repeat(1_000_000))],
    ["a string of 1 MB full of escapes", `"${'\\"'.repeat(500_000)}"`],
    ["a million brackets in a string", JSON.stringify("[{".repeat(500_000))],
    ["10,000 arrays within one another", `${"[".repeat(10_000)}${"]".repeat(10_000)}`],
    ["10,000 objects within one another", `${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}`],
    ["100,000 members", JSON.stringify(Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`k${at}`, at])))],
  ])("reads %s", (_, value) => {
    expect(rawMember(`{"data":${value},"eventName":"x"}`, ["data"]) === value).toBe(true);
  });

  test("throws for text that is not JSON, and terminates", () => {
    for (const text of ['{"data":', '{"data":[1', '{"data":"x', '{"data":{"a":"}']) {
      expect(() => rawMember(text, ["data"])).toThrow(/^the JSON text is not valid at character \d+$/);
    }
  });
});

/** Prints JSON with whitespace wherever JSON allows it. */
function print(value: unknown, gap: () => string): string {
  const spaced = (text: string) => `${gap()}${text}${gap()}`;
  if (Array.isArray(value)) return `[${value.map((item) => spaced(print(item, gap))).join(",") || gap()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => {
    return `${spaced(JSON.stringify(name))}:${spaced(print(member, gap))}`;
  });
  return `{${members.join(",") || gap()}}`;
}
