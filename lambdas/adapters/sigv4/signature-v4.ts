import { createHmac } from "node:crypto";

// The parts of AWS Signature Version 4 that all services share. The canonical request is in each service's `sign.ts`.

/** Credentials of a function's role. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Present with credentials of a role. */
  sessionToken?: string | undefined;
}

/** The algorithm's name in requests. */
export const algorithm = "AWS4-HMAC-SHA256";

/** @returns the time as `20250101T000000Z`, and its day as `20250101` */
export function dateOf(atMs: number): { date: string; day: string } {
  const date = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, "");
  return { date, day: date.slice(0, 8) };
}

/** @returns the credential scope: `20250101/us-east-1/s3/aws4_request` */
export const scopeOf = (day: string, region: string, service: string) => `${day}/${region}/${service}/aws4_request`;

/** Derives the key of one day, Region and service. */
export function signingKey(secretAccessKey: string, day: string, region: string, service: string): Buffer {
  const parts = [day, region, service, "aws4_request"];
  return parts.reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`));
}

/** HMAC-SHA-256. */
export const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** URI-encodes as AWS requires: also `!'()*`, which `encodeURIComponent` leaves. */
export const escaped = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, percent);
const percent = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
