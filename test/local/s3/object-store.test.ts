import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { openObjectStore } from "../../../local/s3/object-store.ts";

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "objects-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}
const object = { contentType: "application/json", body: Buffer.from('\n"é"\n\0') };

describe.each([
  ["in memory", () => undefined],
  ["on disk", newFolder],
])("objects %s", (_, folderOf) => {
  test("are returned as they were put, the newest for each key, until they are removed", async () => {
    const objects = openObjectStore(folderOf());
    await objects.put("b", "k", { ...object, body: Buffer.from("old") });
    await objects.put("b", "k", object);
    expect(await objects.get("b", "k")).toEqual(object);
    expect(await objects.get("other", "k")).toBeUndefined();
    await objects.remove("b", "k");
    await objects.remove("b", "k");
    expect(await objects.get("b", "k")).toBeUndefined();
  });
});

test("objects on disk outlive the process, and no key escapes its bucket", async () => {
  const folder = newFolder();
  for (const key of ["k", "..", "../../x", "a/b"]) await openObjectStore(folder).put("b", key, object);
  for (const key of ["k", "..", "../../x", "a/b"]) expect(await openObjectStore(folder).get("b", key)).toEqual(object);
  expect(readdirSync(folder)).toEqual(["b"]);
  expect(readdirSync(join(folder, "b"))).toHaveLength(4);
});
