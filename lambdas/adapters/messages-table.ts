import type { Log } from "../domain/ports.ts";
import type { Table } from "./table.ts";

/**
 * The kept messages as rows of a DynamoDB table.
 *
 * @param retentionSeconds how long a message is kept
 */
export const logIn = (table: Table, retentionSeconds: number): Log => ({
  async append({ rawData, ...message }) {
    const expiresAt = Math.ceil(message.atMs / 1000) + retentionSeconds;
    await table.put({ ...message, data: rawData, expiresAt });
  },
});
