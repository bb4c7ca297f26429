import { randomBytes } from "node:crypto";

export interface S3Response {
  status: number;
  headers: Record<string, string>;
  body: Buffer | string;
}

/**
 * An S3 error in XML.
 *
 * @param code S3's error code: `NoSuchKey`
 */
export const errorResponse = (status: number, code: string, message: string): S3Response => ({
  status,
  headers: { "content-type": "application/xml" },
  body: `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message><RequestId>${randomBytes(8).toString("hex").toUpperCase()}</RequestId></Error>`,
});

const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;" };
const escapeXml = (text: string) => text.replace(/[&<>]/g, (char) => entities[char] ?? char);
