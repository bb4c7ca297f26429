import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { cachedSecret } from "../adapters/secrets/token-secret.ts";
import { type Claims, readToken } from "../adapters/tokens/tokens.ts";
import { environment } from "./environment.ts";
import { lazily } from "./lazily.ts";
import { requestHandler } from "./timeouts.ts";

/** How callers authenticate. */
export interface Handshake {
  /** Exact origins of pages that may connect, or `*` for all. */
  allowedOrigins: string[];
  /** Verifies a token. A `refused` reason is for the log. */
  read(token: string): Promise<Claims | { refused: string }>;
}

const tokenSecret = lazily(() =>
  cachedSecret(new SecretsManagerClient({ requestHandler }), environment("TOKEN_SECRET_ARN"), Date.now),
);

/** The handshake as the function's environment configures it. */
export const handshake = (): Handshake => ({
  allowedOrigins: environment("ALLOWED_ORIGINS").split(","),
  read: async (token) => readToken(token, await tokenSecret()(), Date.now()),
});
