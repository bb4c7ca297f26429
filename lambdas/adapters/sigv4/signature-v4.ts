import { createHmac } from "node:crypto";

// What signatures to all services of AWS share. Each kind of request has a form of its own.

/** As AWS hands them to a function. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  /** Of a role's session. */
  sessionToken?: string | undefined;
}

/** As requests name it. */
export const algorithm = "AWS4-HMAC-SHA256";

/** @returns the moment as `20250101T000000Z`, and its day */
export function dateOf(atMs: number): { date: string; day: string } {
  const date = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, "");
  return { date, day: date.slice(0, 8) };
}

/** @returns what a signature is good for: `20250101/us-east-1/s3/aws4_request` */
export const scopeOf = (day: string, region: string, service: string) => `${day}/${region}/${service}/aws4_request`;

/** Good for a day. */
export function signingKey(secretAccessKey: string, day: string, region: string, service: string): Buffer {
  const parts = [day, region, service, "aws4_request"];
  return parts.reduce<Buffer>(hmac, Buffer.from(`AWS4${secretAccessKey}`));
}

/** HMAC-SHA-256. */
export const hmac = (key: Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();

/** As AWS wants it: `!'()*` too, which encodeURIComponent leaves. */
export const escaped = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, percent);
const percent = (character: string) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
