declare module "dynalite" {
  import type { Server } from "node:http";

  interface DynaliteOptions {
    /** LevelDB's folder. @default the data are in memory */
    path?: string;
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }
  /** Closing the server also closes the data. */
  export default function dynalite(options?: DynaliteOptions): Server;
}
