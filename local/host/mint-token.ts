import { SignJWT } from "jose";

/** The claims of a token. */
export interface Claims {
  /** The subject (user). */
  sub: string;
  /** Patterns of rooms that the subject may log in to, such as `order-*`. @default none */
  rooms?: string[];
  /** Patterns of rooms that the subject may publish to; `@user/*` stands for all users. @default none */
  publish?: string[];
  /** @default one day */
  expiresInSeconds?: number;
}

/**
 * Signs a JWT as a backend service does.
 *
 * @param secret the token secret of the stack
 */
export function mintToken(secret: string, { expiresInSeconds = 24 * 60 * 60, ...claims }: Claims): Promise<string> {
  const issuedAt = Math.floor(Date.now() / 1000);
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + expiresInSeconds)
    .sign(new TextEncoder().encode(secret));
}
