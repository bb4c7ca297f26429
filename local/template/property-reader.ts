import { isObject } from "./json-object.ts";
import type { Resource } from "./stack.ts";

type Properties = Readonly<Record<string, unknown>>;

/**
 * Reads the properties of a resource, or of an object within it, and checks their types.
 *
 * A property that was not read would be ignored silently, so `assertAllRead` reports it: a template either runs as on
 * AWS or does not start. CloudFormation accepts numbers and booleans as strings, and so do the methods here.
 */
export class PropertyReader {
  readonly #location: string;
  readonly #properties: Properties;
  readonly #unread: Set<string>;

  constructor(location: string, properties: Properties) {
    this.#location = location;
    this.#properties = properties;
    this.#unread = new Set(Object.keys(properties).filter((name) => properties[name] !== undefined));
  }

  /** Throws if it is absent. */
  string(name: string): string {
    return this.optionalString(name) ?? this.#fail(name, "a string");
  }

  optionalString(name: string): string | undefined {
    const value = this.#read(name);
    if (typeof value === "number" || typeof value === "boolean") return String(value);
    return value === undefined || typeof value === "string" ? value : this.#fail(name, "a string");
  }

  /** A string that must be one of `allowed`. @default the first of them */
  oneOf<const T extends string>(name: string, allowed: readonly [T, ...T[]]): T {
    const value = this.optionalString(name) ?? allowed[0];
    return allowed.find((each) => each === value) ?? this.#fail(name, allowed.join(" or "));
  }

  optionalNumber(name: string): number | undefined {
    const value = this.#read(name);
    if (value === undefined) return undefined;
    const number = typeof value === "string" ? Number(value) : value;
    return typeof number === "number" && Number.isFinite(number) ? number : this.#fail(name, "a number");
  }

  /** @default false */
  boolean(name: string): boolean {
    const value = this.#read(name);
    if (value === undefined || value === false || value === "false") return false;
    return value === true || value === "true" || this.#fail(name, "a boolean");
  }

  /** @default an empty list */
  strings(name: string): string[] {
    const value = this.#read(name) ?? [];
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
    return this.#fail(name, "a list of strings");
  }

  /** @default an empty map */
  stringMap(name: string): Record<string, string> {
    const value = this.#read(name) ?? {};
    if (isObject(value) && Object.values(value).every((item) => typeof item === "string")) {
      return value as Record<string, string>;
    }
    return this.#fail(name, "a map of strings");
  }

  /** @default an empty map */
  objectMap(name: string): [key: string, value: PropertyReader][] {
    const value = this.#read(name) ?? {};
    if (!isObject(value)) return this.#fail(name, "an object");
    return Object.entries(value).map(([key, item]) => [key, this.#within(`${name}.${key}`, item)]);
  }

  object(name: string): PropertyReader | undefined {
    const value = this.#read(name);
    return value === undefined ? undefined : this.#within(name, value);
  }

  /** @default an empty list */
  objects(name: string): PropertyReader[] {
    const value = this.#read(name) ?? [];
    if (!Array.isArray(value)) return this.#fail(name, "a list");
    return value.map((item, index) => this.#within(`${name}[${index}]`, item));
  }

  /** Marks properties as read that have no effect locally: names, descriptions, log settings. */
  ignore(...names: string[]): this {
    for (const name of names) this.#unread.delete(name);
    return this;
  }

  /** @throws if the template sets a property that was neither read nor ignored */
  assertAllRead(): void {
    const [extra] = this.#unread;
    if (extra === undefined) return;
    throw new Error(
      `${this.#location} sets ${extra}, which the local runtime does not support; remove it, or add support for it in local/`,
    );
  }

  #read(name: string): unknown {
    this.#unread.delete(name);
    return this.#properties[name];
  }

  #within(name: string, value: unknown): PropertyReader {
    if (!isObject(value)) return this.#fail(name, "an object");
    return new PropertyReader(`${this.#location}.${name}`, value);
  }

  #fail(name: string, wanted: string): never {
    const got = JSON.stringify(this.#properties[name.replace(/[.[].*/, "")]) ?? "nothing";
    throw new Error(`${this.#location}: ${name} should be ${wanted}, got ${got.slice(0, 200)}`);
  }
}

/** A reader for the properties of a resource. */
export const readProperties = (resource: Resource) =>
  new PropertyReader(`${resource.logicalId} (${resource.type})`, resource.properties);
