import { SignatureV4 } from "@smithy/signature-v4";
import { Sha256 } from "../../../../local/sigv4/sha256.ts";
import { credentials } from "./start-gateway.ts";

export interface Signed {
  url: string;
  method: string;
  body?: string;
  region?: string;
  /** Adds the header `x-amz-content-sha256`, as the SDK does. */
  statesHash?: boolean;
  signingDate?: Date;
}

/** Signs a request without the SDK, which would encode the path. */
export async function signedHeaders({
  url,
  method,
  body,
  region = "us-east-1",
  statesHash = false,
  signingDate = new Date(),
}: Signed): Promise<Record<string, string>> {
  const { host, pathname, searchParams } = new URL(url);
  const signer = new SignatureV4({
    service: "execute-api",
    region,
    credentials,
    sha256: Sha256,
    applyChecksum: statesHash,
  });
  const request = {
    ...{ method, body, protocol: "http:", hostname: "127.0.0.1", path: pathname, headers: { host } },
    query: Object.fromEntries(searchParams),
  };
  const { host: _, ...headers } = (await signer.sign(request, { signingDate })).headers;
  return headers;
}
