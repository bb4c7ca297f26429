import { handshake } from "./adapters/handshake.ts";
import { onHandshake } from "./adapters/on-handshake.ts";

export const handler = onHandshake(handshake);
