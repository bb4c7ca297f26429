import { existsSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { ViteDevServer } from "vite";

/** The page. */
export interface Console {
  handleRequest(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}

/** Serves the folder of the page by Vite, which is started with the first request: most starts are not for the page. */
export function openConsole(folder: string): Console {
  let vite: Promise<ViteDevServer> | undefined;
  const start = async () => {
    const { createServer } = await import("vite");
    // Without hot reloading: its WebSocket would want the upgrades that belong to the gateway.
    const server = { middlewareMode: true, hmr: false, ws: false } as const;
    return createServer({ root: folder, configFile: false, appType: "spa", logLevel: "warn", server });
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

function refuse(response: ServerResponse, sentence: string): void {
  response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end(sentence);
}
