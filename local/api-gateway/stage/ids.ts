import { randomBytes } from "node:crypto";

/**
 * Creates an id in the format of API Gateway's connection, message and request ids: URL-safe base64 of 11 bytes, which
 * is 16 characters. It ends in `=`, so it reveals code that does not URL-encode ids.
 */
export const createId = () => randomBytes(11).toString("base64").replaceAll("+", "-").replaceAll("/", "_");

const idPattern = /^[A-Za-z0-9+/_-]{15}=$/;

export const isWellFormedId = (id: string) => idPattern.test(id);
