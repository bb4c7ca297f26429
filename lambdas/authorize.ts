import { onHandshake } from "./handlers/on-handshake.ts";
import { handshake } from "./runtime/auth.ts";

export const handler = onHandshake(handshake);
