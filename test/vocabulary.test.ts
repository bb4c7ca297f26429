import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseSync } from "vite";
import { describe, expect, test } from "vitest";
import { synthesize } from "./lib/synthesize.ts";

const root = join(import.meta.dirname, "..");
const folders = ["protocol", "lambdas", "client", "console", "local", "lib", "bin", "cli", "bench", "examples", "test"];

interface Retired {
  /** Words that may not stand next to each other in a name: `["give", "up"]` forbids `giveUp` and `give-up.ts`. */
  words: string[];
  /** What the glossary says. */
  instead: string;
  /** Where the word has the meaning that was retired. @default everywhere */
  within?: RegExp;
}
const retired = (instead: string, terms: string, within?: RegExp): Retired[] =>
  terms.split(", ").map((term) => ({ words: term.split(" "), instead, ...(within && { within }) }));

const functions = /^(lambdas|test\/lambdas|test\/support)\//;
const clients = /^(client|test\/client)\//;

/** Terms of the code's first dialect. protocol/GLOSSARY.md has the terms that replaced them. */
const retiredTerms: Retired[] = [
  ...retired("ack check", "look, looks, looked, looker, lookers"),
  ...retired("unacked range", "debt, debts, owe, owed, owes, dues"),
  ...retired("membership, member", "place, places, placed", functions),
  ...retired("login reply", "welcome"),
  ...retired("catch-up options", "wish, wishes, wished"),
  ...retired("lease, acquire", "holder, claim, claimed, claimant"),
  ...retired("resume point", "stop of, stops of, where stopped"),
  ...retired("start position", "begin by, began seq"),
  ...retired("redeliveries, AckWait", "tries, patience, tried at"),
  ...retired("exhausted, tombstone, dead-letter", "give up, given up, gave up"),
  ...retired("gap, superseded", "hole, holes, void, voided", functions),
  ...retired("exceedsAckWindow, deferred", "flooded, flood"),
  ...retired("outgoing message, push request, accepted", "parcel, parcels, shipment, shipments, shipped, ship"),
  ...retired("expired, polling member", "lapsed, poller, pollers"),
  ...retired("unread before join, offline subject", "skipped messages, absent person, for absent, for skipped"),
  ...retired("room size", "glimpse"),
  ...retired("batch, watermark, post pages, enqueue", "floor, walk, carry, carried, together", functions),
  ...retired("rate limiter: acquire, onOutcome", "pace, paces, paced, unpaced, heed"),
  ...retired("idempotency", "once as, put used"),
  ...retired("progress", "books"),
  ...retired("hops", "round, rounds", /^(lambdas|test\/lambdas)\//),
  ...retired("max", "most, longest"),
  ...retired("min", "least"),
  ...retired("concurrency", "at once"),
  ...retired("notify, receive", "told, tell, tells, hears, heard, hear"),
  ...retired("subject, user", "person, persons, personal, people", functions),
  ...retired("stale connection", "ghost, ghosts"),
  ...retired(
    "connection pool, HTTP connection",
    "line, lines",
    /^(lambdas|test\/lambdas)\/adapters\/(http1|api-gateway)\//,
  ),
  ...retired("reducer", "machine", clients),
  ...retired("wake events", "suspicion"),
  ...retired("reorder buffer, buffered", "held", clients),
  ...retired("pending calls", "waiters, waiter"),
  ...retired("last error", "trouble, troubles"),
  ...retired("generated values", "make up, made up"),
  ...retired("suppress", "acknowledge", /^(lib|test\/lib)\//),
  ...retired("auth props", "doors"),
  ...retired("harness", "world", /^test\//),
  ...retired("acking page", "reader", /^test\/(lambdas\/domain|support)\//),
  ...retired("large-room simulation", "crowd, crowds"),
  ...retired("generator, nemesis, network, history", "story, stories, storm"),
];

/** Names that keep a retired word, each with its reason. */
const exceptions: Record<string, string> = {
  lineEnd: "the end of a line of text in HTTP/1.1",
};

/** `lookAtMs`, `look-at.ts` and `LOOK_AT` are all `look at …`. */
const wordsOf = (name: string): string[] =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");

/** @returns the glossary's terms for the retired words in a name of a file */
function retiredIn(name: string, file: string): string[] {
  if (Object.hasOwn(exceptions, name)) return [];
  const words = ` ${wordsOf(name).join(" ")} `;
  return retiredTerms
    .filter((term) => (term.within?.test(file) ?? true) && words.includes(` ${term.words.join(" ")} `))
    .map(({ words: found, instead }) => `${file}: ${name} (${found.join(" ")} is now: ${instead})`);
}

interface Node {
  type: string;
  [member: string]: unknown;
}
const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null && "type" in value;
const textOf = (node: unknown): string[] => (isNode(node) && typeof node.name === "string" ? [node.name] : []);

/** Names that a file declares itself: those it only uses are declared elsewhere, here or by others. */
function declaredNames(node: Node): string[] {
  const names: string[] = [];
  const pattern = (target: unknown): void => {
    if (!isNode(target)) return;
    names.push(...textOf(target));
    const { left, argument, value, parameter, elements, properties } = target;
    for (const inner of [left, argument, value, parameter]) pattern(inner);
    for (const inner of [...((elements ?? []) as unknown[]), ...((properties ?? []) as unknown[])]) pattern(inner);
  };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) {
      for (const each of value) visit(each);
      return;
    }
    if (!isNode(value)) return;
    if (value.type === "VariableDeclarator") pattern(value.id);
    else if (/^(Function|ArrowFunction|TSDeclareFunction|TSFunctionType|TSMethodSignature)/.test(value.type)) {
      names.push(...textOf(value.id));
      for (const parameter of (value.params ?? []) as unknown[]) pattern(parameter);
    } else if (/^(ClassDeclaration|TSInterfaceDeclaration|TSTypeAliasDeclaration)$/.test(value.type)) {
      names.push(...textOf(value.id));
    }
    if (/^(TSPropertySignature|TSMethodSignature|PropertyDefinition|MethodDefinition)$/.test(value.type)) {
      names.push(...textOf(value.key));
    }
    for (const member of Object.values(value)) visit(member);
  };
  visit(node);
  return [...new Set(names)];
}

const files = folders.flatMap((folder) => globSync(`${folder}/**/*.ts`, { cwd: root })).toSorted();
const sourceOf = (file: string) => readFileSync(join(root, file), "utf8");

/** Retired terms that are no ordinary English where they stand in a text for operators. */
const retiredPhrases =
  /\b(looks?( at| for)?|looked at|debts?|owed|glimpse|heed|parcels?|shipments?|welcome|ghosts?|pollers?|lapsed|put (aside|out)|anew|told|whoever|somebody|claimant|holder|books|void|rounds?|tries)\b/i;

/** Texts for operators that a file logs: what `logError` and `console` are called with. */
const loggedTexts = (source: string): string[] =>
  [...source.matchAll(/\b(?:logError|console\.(?:error|warn|log))\(\s*(["'`])(.*?)\1/g)].map(([, , text = ""]) => text);

function descriptionsIn(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, member]) =>
    /description$/i.test(key) && typeof member === "string" ? [member] : descriptionsIn(member),
  );
}

describe("no retired term is part of", () => {
  test("a file's name", () => {
    expect(files.length).toBeGreaterThan(300);
    expect(files.flatMap((file) => retiredIn(basename(file, ".ts"), file))).toEqual([]);
  });

  test.each(folders)("an identifier in %s", (folder) => {
    const found = files
      .filter((file) => file.startsWith(`${folder}/`))
      .flatMap((file) => {
        const { program } = parseSync(file, sourceOf(file));
        return declaredNames(program as unknown as Node).flatMap((name) => retiredIn(name, file));
      });
    expect(found).toEqual([]);
  });

  test("a log line", () => {
    const texts = files
      .filter((file) => /^(lambdas|local)\//.test(file))
      .flatMap((file) => loggedTexts(sourceOf(file)));
    expect(texts).toContain("push");
    expect(texts.filter((text) => retiredPhrases.test(text))).toEqual([]);
  });

  test("an alarm's text or a description of the template", () => {
    const texts = descriptionsIn(synthesize().toJSON());
    expect(texts.length).toBeGreaterThan(10);
    expect(texts.filter((text) => retiredPhrases.test(text))).toEqual([]);
  });
});

test("every exception is declared somewhere", () => {
  const declared = new Set(
    files.flatMap((file) => declaredNames(parseSync(file, sourceOf(file)).program as unknown as Node)),
  );
  const names = new Set([...declared, ...files.map((file) => basename(file, ".ts"))]);
  expect(Object.keys(exceptions).filter((name) => !names.has(name))).toEqual([]);
});

test("names in any notation are split into their words", () => {
  expect(["lookAtMs", "look-at.ts", "LOOK_AT", "#lookAt"].map(wordsOf)).toEqual([
    ["look", "at", "ms"],
    ["look", "at", "ts"],
    ["look", "at"],
    ["look", "at"],
  ]);
  expect(retiredIn("giveUpMs", "client/a.ts")).toHaveLength(1);
  expect(retiredIn("lookup", "client/a.ts")).toEqual([]);
});
