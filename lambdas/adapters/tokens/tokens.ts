import { errors, jwtVerify } from "jose";
import { subjectProblem } from "../../../protocol/ids.ts";
import type { Caller, Grants } from "../../domain/model/connection.ts";

export type Claims = Pick<Caller, "subject" | "grants" | "tokenExpiresAtMs">;

/**
 * Reads a token: a JWT signed with HS256 that has `sub` and `exp`, and may have `rooms` and `publish`.
 *
 * @returns who the token speaks of, or why it is not accepted
 */
export async function readToken(token: string, secret: string, nowMs: number): Promise<Claims | { refused: string }> {
  try {
    const options = { algorithms: ["HS256"], requiredClaims: ["sub", "exp"], currentDate: new Date(nowMs) };
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), options);
    const { sub = "", exp = 0, rooms, publish } = payload;
    const problem = subjectProblem("sub", sub);
    if (problem !== undefined) return { refused: problem };
    // Without the claim nothing is allowed.
    const grants: Grants = { rooms: patternsOf(rooms), publish: patternsOf(publish) };
    return { subject: sub, grants, tokenExpiresAtMs: exp * 1000 };
  } catch (error) {
    if (error instanceof errors.JOSEError) return { refused: error.code };
    throw error;
  }
}

const patternsOf = (claim: unknown): string[] =>
  Array.isArray(claim) ? claim.filter((pattern) => typeof pattern === "string") : [];

/** Strings, as API Gateway passes nothing else from the authorizer to later events. */
export const contextOf = ({ subject, grants, tokenExpiresAtMs }: Claims) => ({
  subject,
  rooms: JSON.stringify(grants.rooms),
  publish: JSON.stringify(grants.publish),
  tokenExpiresAt: String(tokenExpiresAtMs / 1000),
});
export type TokenContext = ReturnType<typeof contextOf>;

/** Back from what later events bring. */
export const claimsOf = (context: TokenContext): Claims => ({
  subject: context.subject,
  grants: { rooms: JSON.parse(context.rooms), publish: JSON.parse(context.publish) },
  tokenExpiresAtMs: Number(context.tokenExpiresAt) * 1000,
});
