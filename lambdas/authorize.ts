import { environment } from "./adapters/environment.ts";
import { onHandshake } from "./adapters/on-handshake.ts";
import { tokenSecret } from "./adapters/secret.ts";
import { readToken } from "./adapters/tokens.ts";

export const handler = onHandshake(() => ({
  allowedOrigins: environment("ALLOWED_ORIGINS").split(","),
  read: async (token) => readToken(token, await tokenSecret(Date.now), Date.now()),
}));
