import { onHandshake } from "./adapters/events/on-handshake.ts";
import { handshake } from "./adapters/handshake.ts";

export const handler = onHandshake(handshake);
