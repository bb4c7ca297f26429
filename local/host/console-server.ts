import { existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Plugin, ViteDevServer } from "vite";

/** The page. */
export interface ConsoleServer {
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves the folder of the page by Vite, which is started with the first request: most starts are not for the page.
 *
 * @param endpoints what the page finds at `/endpoints.json`, so that nobody has to type a token
 */
export function createConsoleServer(folder: string, endpoints: object): ConsoleServer {
  let vite: Promise<ViteDevServer> | undefined;
  const start = async () => {
    const { createServer } = await import("vite");
    return createServer({
      root: folder,
      configFile: false,
      appType: "mpa",
      logLevel: "warn",
      plugins: [offer(endpoints), withoutReloading],
      optimizeDeps: { noDiscovery: true },
      server: {
        middlewareMode: true,
        // Without hot reloading: its WebSocket would want the upgrades that belong to the gateway.
        hmr: false,
        ws: false,
        // No page of another origin reads the keys.
        cors: false,
        // The page and what it imports: no other file of the project can be read.
        fs: { allow: [folder, join(folder, "../client"), join(folder, "../protocol")] },
      },
    });
  };
  return {
    handleRequest: async (request, response) => {
      if (!existsSync(folder)) return refuse(response, "there is no page here: the folder console/ is missing\n");
      vite ??= start();
      (await vite).middlewares(request, response, () => refuse(response, "no such file\n"));
    },
    close: async () => (await vite)?.close(),
  };
}

/** Behind Vite's check of the `Host` header: a foreign site whose name points to this machine gets nothing. */
const offer = (endpoints: object): Plugin => ({
  name: "endpoints",
  configureServer: ({ middlewares }) => {
    middlewares.use("/endpoints.json", (_, response) => {
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(JSON.stringify(endpoints));
    });
  },
});

/** Vite's own script in the page looks for the WebSocket of hot reloading, and complains that there is none. */
const withoutReloading: Plugin = {
  name: "without-reloading",
  transformIndexHtml: {
    order: "post",
    handler: (html) => html.replace(/<script type="module" src="\/@vite\/client"><\/script>\s*/, ""),
  },
};

function refuse(response: ServerResponse, sentence: string): void {
  response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end(sentence);
}
