import { fileURLToPath } from "node:url";
import { AssetHashType, DockerImage } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import { type BuildOptions, buildSync } from "esbuild";

const lambdas = fileURLToPath(new URL("../lambdas", import.meta.url));

/**
 * `lambdas/{entry}.ts` and all that it imports as one module, `index.mjs`.
 *
 * Not NodejsFunction: it starts npx for each function, which took three quarters of the time of bundling, and it wants
 * a lock file beside the code.
 */
export function bundledCode(entry: string): Code {
  return Code.fromAsset(lambdas, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      // Never run, but part of the key under which the CDK remembers a bundle: without it all entries would be one.
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

/** How a bundle is made, whatever is in it. */
export const bundleOptions = {
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  mainFields: ["module", "main"],
  // CommonJS among the dependencies calls `require`, which a module does not have.
  banner: { js: "import{createRequire}from'node:module';const require=createRequire(import.meta.url);" },
  minify: true,
  sourcemap: true,
  sourcesContent: false,
} satisfies BuildOptions;

function bundle(from: string, to: string): void {
  buildSync({ ...bundleOptions, entryPoints: [from], outfile: to });
}
