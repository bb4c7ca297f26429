import { randomUUID } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface StoredObject {
  contentType: string;
  body: Buffer;
}

/** The objects in all buckets. */
export interface ObjectStore {
  put(bucket: string, key: string, object: StoredObject): Promise<void>;
  get(bucket: string, key: string): Promise<StoredObject | undefined>;
  /** Removes an object as a lifecycle rule does on AWS. Succeeds if there is no such object. */
  remove(bucket: string, key: string): Promise<void>;
}

/** @param folder where the objects are kept. @default in memory */
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

/** One file for each object: the first line is the content type, the rest is the body. */
function onDisk(folder: string): ObjectStore {
  // An encoded key contains no slash. The dot prevents the file names `.` and `..`.
  const fileOf = (bucket: string, key: string) => join(folder, bucket, `.${encodeURIComponent(key)}`);
  return {
    async put(bucket, key, { contentType, body }) {
      const temporaryFile = join(folder, bucket, randomUUID());
      await mkdir(join(folder, bucket), { recursive: true });
      await writeFile(temporaryFile, Buffer.concat([Buffer.from(`${contentType}\n`), body]));
      await rename(temporaryFile, fileOf(bucket, key));
    },
    async get(bucket, key) {
      try {
        const file = await readFile(fileOf(bucket, key));
        const lineEnd = file.indexOf("\n");
        return { contentType: file.subarray(0, lineEnd).toString(), body: file.subarray(lineEnd + 1) };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    remove: (bucket, key) => rm(fileOf(bucket, key), { force: true }),
  };
}
