declare module "dynalite" {
  import type { Server } from "node:http";

  interface DynaliteOptions {
    /** LevelDB's folder; in memory without it. */
    path?: string;
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }
  /** `close` of the server closes the data too. */
  export default function dynalite(options?: DynaliteOptions): Server;
}

declare module "dynalite/db/index.js" {
  interface Refusal {
    statusCode: number;
    body: { __type: string; message: string; Item?: unknown };
  }
  const db: {
    /** Asked while the item is locked; a refusal is what the request is answered with. */
    checkConditional(request: Record<string, unknown>, item: unknown): Refusal | null | undefined;
  };
  export default db;
}

declare module "dynalite/validations/*" {
  const validation: {
    /** Members of the request that are known, and of which type. */
    types: Record<string, unknown>;
  };
  export default validation;
}
