/** An answer of a service that speaks AWS' JSON protocol. */
export interface Answer {
  status: number;
  /** JSON. */
  body: string;
  headers?: Readonly<Record<string, string>>;
}

/** @param body printed here */
export const json = (status: number, body: unknown, headers?: Readonly<Record<string, string>>): Answer => ({
  status,
  body: JSON.stringify(body),
  ...(headers && { headers }),
});
