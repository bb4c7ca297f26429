import { errors, jwtVerify } from "jose";
import { subjectProblem } from "../../../protocol/ids.ts";
import type { Caller, Grants } from "../../domain/model/connection.ts";

/** The claims of a token that Downlink uses. */
export type Claims = Pick<Caller, "subject" | "grants" | "tokenExpiresAtMs">;

/**
 * Verifies a token: a JWT that is signed with HS256.
 *
 * | claim | | meaning |
 * | --- | --- | --- |
 * | `sub` | required | the subject |
 * | `exp` | required | seconds since 1970 |
 * | `rooms` | optional | patterns of rooms that it may log in to; none by default |
 * | `publish` | optional | patterns of rooms that it may publish to; none by default |
 *
 * @returns the claims, or the reason for refusing the token, such as `ERR_JWT_EXPIRED`
 */
export async function readToken(token: string, secret: string, nowMs: number): Promise<Claims | { refused: string }> {
  try {
    const options = { algorithms: ["HS256"], requiredClaims: ["sub", "exp"], currentDate: new Date(nowMs) };
    const { payload } = await jwtVerify(token, new TextEncoder().encode(secret), options);
    const { sub = "", exp = 0, rooms, publish } = payload;
    const problem = subjectProblem("sub", sub);
    if (problem !== undefined) return { refused: problem };
    const grants: Grants = { rooms: patternsOf(rooms), publish: patternsOf(publish) };
    return { subject: sub, grants, tokenExpiresAtMs: exp * 1000 };
  } catch (error) {
    if (error instanceof errors.JOSEError) return { refused: error.code };
    throw error;
  }
}

const patternsOf = (patterns: unknown): string[] =>
  Array.isArray(patterns) ? patterns.filter((pattern) => typeof pattern === "string") : [];

/** The claims as the authorizer's context, whose values have to be strings, numbers or booleans. */
export const contextOf = ({ subject, grants, tokenExpiresAtMs }: Claims) => ({
  subject,
  rooms: JSON.stringify(grants.rooms),
  publish: JSON.stringify(grants.publish),
  tokenExpiresAt: String(tokenExpiresAtMs / 1000),
});
export type TokenContext = ReturnType<typeof contextOf>;

/** The claims from the context of a later event, where all values are strings. */
export const claimsOf = (context: TokenContext): Claims => ({
  subject: context.subject,
  grants: { rooms: JSON.parse(context.rooms), publish: JSON.parse(context.publish) },
  tokenExpiresAtMs: Number(context.tokenExpiresAt) * 1000,
});
