import { request } from "undici";
import type { RunningGateway } from "./start-gateway.ts";

/** Sends one request. The method defaults to POST. */
export const call = async ({ origin }: RunningGateway, path: string, options: Parameters<typeof request>[1] = {}) => {
  const { statusCode, headers, body } = await request(origin + path, { method: "POST", ...options });
  return { status: statusCode, errorType: headers["x-amzn-errortype"], headers, body: await body.text() };
};
