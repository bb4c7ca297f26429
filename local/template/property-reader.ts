import { isObject } from "./json-object.ts";
import type { Resource } from "./stack.ts";

export type Properties = Readonly<Record<string, unknown>>;

/**
 * Reads the properties of one resource, or of an object within one. A property that nobody asked for is one that this
 * runtime would silently ignore, so `done` refuses it: a template either runs as on AWS, or not at all.
 */
export class PropertyReader {
  readonly #where: string;
  readonly #properties: Properties;
  readonly #unread: Set<string>;

  constructor(location: string, properties: Properties) {
    this.#where = location;
    this.#properties = properties;
    this.#unread = new Set(Object.keys(properties).filter((name) => properties[name] !== undefined));
  }

  string(name: string): string {
    return this.optionalString(name) ?? this.#fail(name, "a string");
  }

  optionalString(name: string): string | undefined {
    const value = this.#read(name);
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    return value === undefined || typeof value === "string" ? value : this.#fail(name, "a string");
  }

  /** A text that must be one of `allowed`; the first of them if it is absent. */
  oneOf<const T extends string>(name: string, allowed: readonly [T, ...T[]]): T {
    const value = this.optionalString(name) ?? allowed[0];
    return allowed.find((one) => one === value) ?? this.#fail(name, allowed.join(" or "));
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#read(name);
    if (value === undefined) return undefined;
    const number = typeof value === "string" ? Number(value) : value;
    return typeof number === "number" && Number.isFinite(number) ? number : this.#fail(name, "a number");
  }

  boolean(name: string): boolean {
    const value = this.#read(name);
    if (value === undefined || value === false || value === "false") return false;
    return value === true || value === "true" || this.#fail(name, "a boolean");
  }

  strings(name: string): string[] {
    const value = this.#read(name) ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    return this.#fail(name, "a list of strings");
  }

  stringMap(name: string): Record<string, string> {
    const value = this.#read(name) ?? {};
    if (isObject(value) && Object.values(value).every((item) => typeof item === "string")) {
      return value as Record<string, string>;
    }
    return this.#fail(name, "a map of strings");
  }

  objectMap(name: string): [key: string, value: PropertyReader][] {
    const value = this.#read(name) ?? {};
    if (!isObject(value)) return this.#fail(name, "an object");
    return Object.entries(value).map(([key, item]) => [key, this.#within(`${name}.${key}`, item)]);
  }

  object(name: string): PropertyReader | undefined {
    const value = this.#read(name);
    return value === undefined ? undefined : this.#within(name, value);
  }

  objects(name: string): PropertyReader[] {
    const value = this.#read(name) ?? [];
    if (!Array.isArray(value)) return this.#fail(name, "a list");
    return value.map((item, index) => this.#within(`${name}[${index}]`, item));
  }

  /** Properties that change nothing one could see here: names, descriptions, logs. */
  ignore(...names: string[]): this {
    for (const name of names) this.#unread.delete(name);
    return this;
  }

  /** @throws if a property was not read */
  assertAllRead(): void {
    const [extra] = this.#unread;
    if (extra === undefined) return;
    throw new Error(
      `${this.#where} sets ${extra}, which the local runtime does not support; remove it, or teach local/ what it does`,
    );
  }

  #read(name: string): unknown {
    this.#unread.delete(name);
    return this.#properties[name];
  }

  #within(name: string, value: unknown): PropertyReader {
    if (!isObject(value)) return this.#fail(name, "an object");
    return new PropertyReader(`${this.#where}.${name}`, value);
  }

  #fail(name: string, wanted: string): never {
    const got = JSON.stringify(this.#properties[name.replace(/[.[].*/, "")]) ?? "nothing";
    throw new Error(`${this.#where}: ${name} should be ${wanted}, got ${got.slice(0, 200)}`);
  }
}

export const readProperties = (resource: Resource) =>
  new PropertyReader(`${resource.logicalId} (${resource.type})`, resource.properties);
