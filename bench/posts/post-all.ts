/** Posts `text` to every connection once. Settles when all responses have arrived. */
export type PostAll = (connectionIds: readonly string[], text: string) => Promise<void>;

/** The same loop for all clients, so that only their posts differ. */
export function withConcurrency(limit: number, post: (id: string, text: string) => Promise<void>): PostAll {
  return async (ids, text) => {
    const left = ids.values();
    const worker = async () => {
      for (const id of left) await post(id, text);
    };
    await Promise.all(Array.from({ length: limit }, worker));
  };
}

/** A frame of 200 bytes. */
export const frame = JSON.stringify({
  ...{ type: "message", eventName: "test", data: "x".repeat(120), roomId: "456" },
}).padEnd(200);

/** Credentials as long as those of a Lambda function. */
export const credentials = {
  accessKeyId: "ASIAIOSFODNN7EXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  sessionToken: "IQoJb3JpZ2luX2Vj".repeat(62),
};
export const region = "us-east-1";
