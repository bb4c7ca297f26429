import { isObject } from "../../template/json-object.ts";

/** The result of a Lambda function in a proxy integration (AWS_PROXY). */
export interface ProxyResult {
  /** 100 to 599. */
  statusCode: number;
  headers: Record<string, string>;
  multiValueHeaders: Record<string, string[]>;
  body: string | undefined;
}

/** @returns `undefined` for a malformed result, for which API Gateway responds with an error */
export function readProxyResult(payload: unknown): ProxyResult | undefined {
  if (!isObject(payload)) return undefined;
  const { statusCode, body, headers, multiValueHeaders } = payload;
  const status = typeof statusCode === "string" && /^\d+$/.test(statusCode) ? Number(statusCode) : statusCode;
  if (typeof status !== "number" || !Number.isInteger(status) || status < 100 || status > 599) return undefined;
  if (body !== undefined && body !== null && typeof body !== "string") return undefined;
  const single = readScalars(headers);
  const multi = isObject(multiValueHeaders ?? {}) ? Object.entries(multiValueHeaders ?? {}) : undefined;
  if (!single || !multi?.every(([, list]) => Array.isArray(list) && list.every(isScalar))) return undefined;
  return {
    statusCode: status,
    headers: single,
    multiValueHeaders: Object.fromEntries(multi.map(([name, list]) => [name, (list as unknown[]).map(String)])),
    body: body ?? undefined,
  };
}

function readScalars(value: unknown): Record<string, string> | undefined {
  const map = value ?? {};
  if (!isObject(map) || !Object.values(map).every(isScalar)) return undefined;
  return Object.fromEntries(Object.entries(map).map(([name, item]) => [name, String(item)]));
}

const isScalar = (value: unknown) => ["string", "number", "boolean"].includes(typeof value);
