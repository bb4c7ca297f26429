/** An answer of a service that speaks AWS' JSON protocol. */
export interface Answer {
  status: number;
  /** JSON. */
  body: string;
}

export const json = (status: number, body: unknown): Answer => ({ status, body: JSON.stringify(body) });
