import { existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { Plugin, ViteDevServer } from "vite";

/** Serves the page in `console/`. */
export interface ConsoleServer {
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves the page with Vite. Vite starts with the first request, because the page is not opened in most runs.
 *
 * @param folder the folder of the page
 * @param endpoints served at `/endpoints.json`, so that the page knows the keys
 */
export function createConsoleServer(folder: string, endpoints: object): ConsoleServer {
  let vite: Promise<ViteDevServer> | undefined;
  return {
    handleRequest: async (request, response) => {
      if (!existsSync(folder))
        return sendNotFound(response, "there is no console page: the folder console/ is missing\n");
      vite ??= startVite(folder, endpoints);
      (await vite).middlewares(request, response, () => sendNotFound(response, "no such file\n"));
    },
    close: async () => (await vite)?.close(),
  };
}

async function startVite(folder: string, endpoints: object): Promise<ViteDevServer> {
  const { createServer } = await import("vite");
  return createServer({
    root: folder,
    configFile: false,
    appType: "mpa",
    logLevel: "warn",
    plugins: [serveEndpoints(endpoints), removeHotReloadClient],
    optimizeDeps: { noDiscovery: true },
    server: {
      middlewareMode: true,
      // The WebSocket of hot reloading would take upgrade requests that belong to the gateway.
      hmr: false,
      ws: false,
      // Pages of other origins must not read the keys.
      cors: false,
      // Only the page and its imports can be read, no other file of the project.
      fs: { allow: [folder, join(folder, "../client"), join(folder, "../protocol")] },
    },
  });
}

/**
 * Serves `/endpoints.json`. Vite runs this middleware after its check of the `Host` header, so a foreign site whose
 * name resolves to this machine (DNS rebinding) cannot read the keys.
 */
const serveEndpoints = (endpoints: object): Plugin => ({
  name: "endpoints",
  configureServer: ({ middlewares }) => {
    middlewares.use("/endpoints.json", (_, response) => {
      response.writeHead(200, { "content-type": "application/json", "cache-control": "no-store" });
      response.end(JSON.stringify(endpoints));
    });
  },
});

/** Vite's own script opens the WebSocket of hot reloading, and reports an error because there is none. */
const removeHotReloadClient: Plugin = {
  name: "remove-hot-reload-client",
  transformIndexHtml: {
    order: "post",
    handler: (html) => html.replace(/<script type="module" src="\/@vite\/client"><\/script>\s*/, ""),
  },
};

function sendNotFound(response: ServerResponse, text: string): void {
  response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end(text);
}
