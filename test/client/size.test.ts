import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

// Publish, receipts, the way to polling and the place of payloads in a room's order are in it: they share their code
// with the rest, and loaded apart they would save less than the loading of them takes.
const maxBytes = 6.25 * 1024;
const maxPollingBytes = 3 * 1024;

test("what a page loads at once has at most 6.25 KB, minified and compressed; polling and payloads are loaded when needed", async () => {
  const options = { bundle: true, minify: true, write: false, format: "esm", target: "es2022" } as const;
  const split = { ...options, splitting: true, metafile: true, outdir: "dist" } as const;
  const { outputFiles, metafile } = await build({ ...split, entryPoints: ["client/index.ts"] });
  const bytesOf = (path: string) => {
    const file = outputFiles.find((output) => output.path.endsWith(path));
    return gzipSync(file?.contents ?? "", { level: 9 }).length;
  };
  // Chunks that a loaded one imports are loaded with it.
  const loaded = new Set(["dist/index.js"]);
  for (const path of loaded) {
    for (const { kind, path: imported } of metafile.outputs[path]?.imports ?? []) {
      if (kind === "import-statement") loaded.add(imported);
    }
  }
  const apart = outputFiles.map(({ path }) => path.slice(path.indexOf("dist/"))).filter((path) => !loaded.has(path));
  expect(apart.map((path) => path.replace(/-\w+\.js$/, "")).toSorted()).toEqual([
    "dist/payload-fetcher",
    "dist/socket",
  ]);
  expect(bytesOf(apart.find((path) => path.includes("dist/socket-")) ?? "")).toBeLessThanOrEqual(maxPollingBytes);
  expect([...loaded].map(bytesOf).reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(maxBytes);
});
