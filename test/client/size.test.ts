import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";

test("what a page loads at once has at most 6 KB, minified and compressed; the rest is loaded when it is needed", async () => {
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
  expect(loaded.size).toBeLessThan(outputFiles.length);
  expect([...loaded].map(bytesOf).reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(6 * 1024);
});
