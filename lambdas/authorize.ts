import { onHandshake } from "./handlers/on-handshake.ts";
import { pageAuth } from "./runtime/auth.ts";

export const handler = onHandshake(pageAuth);
