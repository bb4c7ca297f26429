import { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { cachedSecret } from "../adapters/secrets/token-secret.ts";
import { type Claims, readToken } from "../adapters/tokens/tokens.ts";
import { environment } from "./environment.ts";
import { lazily } from "./lazily.ts";
import { requestHandler } from "./timeouts.ts";

/** How pages authenticate, in the handshake and in polls. */
export interface PageAuth {
  /** Exact origins of pages that may connect, or `*` for all. */
  allowedOrigins: string[];
  /** Verifies a token. The reason in `refused` is for the log, not for the page. */
  verify(token: string): Promise<Claims | { refused: string }>;
}

const tokenSecret = lazily(() =>
  cachedSecret(new SecretsManagerClient({ requestHandler }), environment("TOKEN_SECRET_ARN"), Date.now),
);

/** The authentication of pages as the function's environment configures it. */
export const pageAuth = (): PageAuth => ({
  allowedOrigins: environment("ALLOWED_ORIGINS").split(","),
  verify: async (token) => readToken(token, await tokenSecret()(), Date.now()),
});
