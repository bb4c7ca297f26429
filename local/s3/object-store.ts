import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface StoredObject {
  contentType: string;
  body: Buffer;
}

/** What lies in buckets. */
export interface ObjectStore {
  put(bucket: string, key: string, object: StoredObject): Promise<void>;
  get(bucket: string, key: string): Promise<StoredObject | undefined>;
  /** What a bucket's lifecycle does on AWS. */
  remove(bucket: string, key: string): Promise<void>;
}

/** @param folder keeps them; without it they are gone with the process */
export const openObjectStore = (folder?: string): ObjectStore => (folder === undefined ? inMemory() : onDisk(folder));

function inMemory(): ObjectStore {
  const objects = new Map<string, StoredObject>();
  const nameOf = (bucket: string, key: string) => `${bucket}/${key}`;
  return {
    put: async (bucket, key, object) => void objects.set(nameOf(bucket, key), object),
    get: async (bucket, key) => objects.get(nameOf(bucket, key)),
    remove: async (bucket, key) => void objects.delete(nameOf(bucket, key)),
  };
}

/** One file each: the content type is its first line, the rest is the body. */
function onDisk(folder: string): ObjectStore {
  // An encoded key holds no slash; a dot in front, so that none is `..`.
  const fileOf = (bucket: string, key: string) => join(folder, bucket, `.${encodeURIComponent(key)}`);
  return {
    async put(bucket, key, { contentType, body }) {
      const unfinished = join(folder, bucket, randomUUID());
      await mkdir(join(folder, bucket), { recursive: true });
      await writeFile(unfinished, Buffer.concat([Buffer.from(`${contentType}\n`), body]));
      await rename(unfinished, fileOf(bucket, key));
    },
    async get(bucket, key) {
      try {
        const file = await readFile(fileOf(bucket, key));
        const end = file.indexOf("\n");
        return { contentType: file.subarray(0, end).toString(), body: file.subarray(end + 1) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    remove: (bucket, key) => rm(fileOf(bucket, key), { force: true }),
  };
}
