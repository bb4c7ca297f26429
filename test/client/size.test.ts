import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

// Publish, receipts, the switch to polling and the order of payloads are included: as separate scripts they would save
// less than loading them costs.
const maxBytes = 6.25 * 1024;
const maxPollingBytes = 3 * 1024;

test("a page loads at most 6.25 KB, minified and compressed, and loads polling and payloads only when needed", async () => {
  const options = { bundle: true, minify: true, write: false, format: "esm", target: "es2022" } as const;
  const split = { ...options, splitting: true, metafile: true, outdir: "dist" } as const;
  const { outputFiles, metafile } = await build({ ...split, entryPoints: ["client/index.ts"] });
  const bytesOf = (path: string) => {
    const file = outputFiles.find((output) => output.path.endsWith(path));
    return gzipSync(file?.contents ?? "", { level: 9 }).length;
  };
  // Static imports of a script are loaded with it.
  const loaded = new Set(["dist/index.js"]);
  for (const path of loaded) {
    for (const { kind, path: imported } of metafile.outputs[path]?.imports ?? []) {
      if (kind === "import-statement") loaded.add(imported);
    }
  }
  const lazy = outputFiles.map(({ path }) => path.slice(path.indexOf("dist/"))).filter((path) => !loaded.has(path));
  expect(lazy.map((path) => path.replace(/-\w+\.js$/, "")).toSorted()).toEqual(["dist/payload-fetcher", "dist/socket"]);
  expect(bytesOf(lazy.find((path) => path.includes("dist/socket-")) ?? "")).toBeLessThanOrEqual(maxPollingBytes);
  expect([...loaded].map(bytesOf).reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(maxBytes);
});
