import { SignJWT } from "jose";

/** What a token says. */
export interface Claims {
  /** Who it is. */
  sub: string;
  /** Patterns of rooms that it may log in to. */
  rooms?: string[];
  /** Patterns of rooms that it may publish to. */
  publish?: string[];
  /** @default a day */
  expiresInSeconds?: number;
}

/** Signs a token as a service that knows the secret would. */
export function mintToken(secret: string, { expiresInSeconds = 24 * 60 * 60, ...claims }: Claims): Promise<string> {
  const issuedAt = Math.floor(Date.now() / 1000);
  return new SignJWT({ ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + expiresInSeconds)
    .sign(new TextEncoder().encode(secret));
}
