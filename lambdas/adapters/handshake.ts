import { environment } from "./environment.ts";
import type { Handshake } from "./events/on-handshake.ts";
import { tokenSecret } from "./secret.ts";
import { readToken } from "./tokens.ts";

/** Who may come in, by the function's environment. */
export const handshake = (): Handshake => ({
  allowedOrigins: environment("ALLOWED_ORIGINS").split(","),
  read: async (token) => readToken(token, await tokenSecret(Date.now), Date.now()),
});
