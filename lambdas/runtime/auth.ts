import { tokenSecret } from "../adapters/secrets/token-secret.ts";
import { readToken } from "../adapters/tokens/tokens.ts";
import type { Handshake } from "../handlers/on-handshake.ts";
import { environment } from "./environment.ts";

/** Who may come in, by the function's environment. */
export const handshake = (): Handshake => ({
  allowedOrigins: environment("ALLOWED_ORIGINS").split(","),
  read: async (token) => readToken(token, await tokenSecret(Date.now), Date.now()),
});
