import { randomBytes } from "node:crypto";

/**
 * An id in the form of API Gateway's connection, message and request ids: 16 characters, URL-safe base64 of 11 bytes,
 * so it ends in `=` and brings URL-encoding mistakes to light.
 */
export const createId = () => randomBytes(11).toString("base64").replaceAll("+", "-").replaceAll("/", "_");

const idPattern = /^[A-Za-z0-9+/_-]{15}=$/;

export const isWellFormedId = (id: string) => idPattern.test(id);
