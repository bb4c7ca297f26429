import { fileURLToPath } from "node:url";
import { AssetHashType, DockerImage } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import { type BuildOptions, buildSync } from "esbuild";

const lambdas = fileURLToPath(new URL("../lambdas", import.meta.url));

/**
 * The code of a Lambda function: `lambdas/{entry}.ts` and its imports, bundled as one module `index.mjs`.
 *
 * `NodejsFunction` starts npx once per function, which took three quarters of the bundling time, and requires a lock
 * file next to the code.
 */
export function bundledCode(entry: string): Code {
  return Code.fromAsset(lambdas, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never runs. The CDK caches bundles by these options: without the entry, all functions would share one bundle.
      command: [entry],
      image: DockerImage.fromRegistry("unused"),
      local: {
        tryBundle: (outputDir) => {
          bundle(`${lambdas}/${entry}.ts`, `${outputDir}/index.mjs`);
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

function bundle(from: string, to: string): void {
  buildSync({ ...bundleOptions, entryPoints: [from], outfile: to });
}
