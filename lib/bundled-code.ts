import { writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { AssetHashType, DockerImage } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import { type BuildOptions, buildSync } from "esbuild";

const project = fileURLToPath(new URL("..", import.meta.url));

/**
 * The code of a Lambda function: `lambdas/{entry}.ts` and its imports, bundled as one module `index.mjs`.
 *
 * `NodejsFunction` starts npx once per function, which took three quarters of the bundling time, and requires a lock
 * file next to the code.
 */
export function bundledCode(entry: string): Code {
  return Code.fromAsset(join(project, "lambdas"), {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never runs. The CDK caches bundles by these options: without the entry, all functions would share one bundle.
      command: [entry],
      image: DockerImage.fromRegistry("unused"),
      local: {
        tryBundle: (outputDir) => {
          bundle(project, entry, outputDir);
          return true;
        },
      },
    },
  });
}

/** The esbuild options of every bundle. */
export const bundleOptions = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  mainFields: ["module", "main"],
  // CommonJS dependencies call `require`, which an ES module does not define.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  minify: true,
  sourcemap: true,
  sourcesContent: false,
} satisfies BuildOptions;

/**
 * Writes `index.mjs` and its source map. The map names sources relative to the project, so that the same sources result
 * in the same bytes, and therefore in the same asset hash, in every folder.
 *
 * @param projectDir the folder that contains `lambdas/` and `node_modules/`
 */
export function bundle(projectDir: string, entry: string, outputDir: string): void {
  const { outputFiles } = buildSync({
    ...bundleOptions,
    absWorkingDir: projectDir,
    entryPoints: [`lambdas/${entry}.ts`],
    // Not written: esbuild makes the paths in the map relative to this file.
    outfile: "index.mjs",
    write: false,
  });
  for (const { path, contents } of outputFiles) writeFileSync(join(outputDir, basename(path)), contents);
}
