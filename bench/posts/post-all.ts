/** Posts `text` to all connections, each once, and settles when all are answered. */
export type Way = (connectionIds: readonly string[], text: string) => Promise<void>;

/** The loop is the same for all, so that only the post itself differs. */
export function limitedTo(limit: number, post: (id: string, text: string) => Promise<void>): Way {
  return async (ids, text) => {
    const left = ids.values();
    const worker = async () => {
      for (const id of left) await post(id, text);
    };
    await Promise.all(Array.from({ length: limit }, worker));
  };
}
