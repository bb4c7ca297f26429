import type { Template } from "./assembly.ts";
import type { Place, Resolve } from "./physical-names.ts";

export interface Intrinsics {
  resolve: Resolve;
  /** Whether the condition of this name is met. */
  holds(condition: string): boolean;
}

/** What the template's resources are called once deployed. */
export interface Names {
  ref(logicalId: string): string;
  attribute(logicalId: string, name: string): string;
}

// `Ref: AWS::NoValue` removes what holds it, so it has to differ from every value that JSON can have.
const noValue = Symbol("AWS::NoValue");

/** @param names asked for what a template refers to */
export function makeIntrinsics(template: Template, place: Place, names: Names): Intrinsics {
  const pseudoParameters: Record<string, unknown> = {
    "AWS::AccountId": place.accountId,
    "AWS::Region": place.region,
    "AWS::Partition": place.partition,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": place.stackName,
    "AWS::StackId": `arn:aws:cloudformation:${place.region}:${place.accountId}:stack/${place.stackName}/local`,
    "AWS::NotificationARNs": [],
    "AWS::NoValue": noValue,
  };

  const refer = (name: string, where: string): unknown => {
    if (Object.hasOwn(pseudoParameters, name)) return pseudoParameters[name];
    const parameter = template.Parameters?.[name];
    if (!parameter) return at(where, () => names.ref(name));
    if (parameter.Default !== undefined) return parameter.Default;
    throw new Error(`${where}: the parameter ${name} has no default, and nobody is there to ask; give it one`);
  };
  const getAttribute = (argument: unknown, where: string): string => {
    const path = typeof argument === "string" ? argument : texts(argument, where, "Fn::GetAtt").join(".");
    const dot = path.indexOf(".");
    return at(where, () => names.attribute(path.slice(0, dot), path.slice(dot + 1)));
  };
  const substitute = (argument: unknown, where: string): string => {
    const [pattern, values] = Array.isArray(argument) ? argument : [argument, {}];
    const own = resolve(values, where) as Record<string, unknown>;
    return String(pattern).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
      if (name.startsWith("!")) return `\${${name.slice(1)}}`;
      if (Object.hasOwn(own, name)) return String(own[name]);
      return String(name.includes(".") ? getAttribute(name, where) : refer(name, where));
    });
  };
  const holds = (name: string): boolean => {
    const condition = template.Conditions?.[name];
    if (condition === undefined) throw new Error(`the template has no condition ${name}`);
    return isTrue(condition, `Conditions.${name}`);
  };
  const isTrue = (condition: unknown, where: string): boolean => resolve(condition, where) === true;
  const all = (argument: unknown, where: string) => list(argument, where).map((one) => isTrue(one, where));

  const functions: Record<string, (argument: unknown, where: string) => unknown> = {
    Ref: (name, where) => refer(String(name), where),
    Condition: (name) => holds(String(name)),
    "Fn::GetAtt": getAttribute,
    "Fn::Sub": substitute,
    "Fn::Join": (argument, where) => {
      const [separator, parts] = list(argument, where);
      return texts(resolve(parts, where), where, "Fn::Join").join(String(separator));
    },
    "Fn::Select": (argument, where) => {
      const [index, values] = list(resolve(argument, where), where);
      const value = list(values, where)[Number(index)];
      if (value === undefined) throw new Error(`${where}: Fn::Select asks for element ${index}, which is not there`);
      return value;
    },
    "Fn::Split": (argument, where) => {
      const [separator, value] = list(resolve(argument, where), where);
      return String(value).split(String(separator));
    },
    "Fn::FindInMap": (argument, where) => {
      const [map, first, second] = texts(resolve(argument, where), where, "Fn::FindInMap");
      const value = template.Mappings?.[map ?? ""]?.[first ?? ""]?.[second ?? ""];
      if (value === undefined) throw new Error(`${where}: no mapping ${map}.${first}.${second}`);
      return value;
    },
    "Fn::If": (argument, where) => {
      const [condition, whenTrue, whenFalse] = list(argument, where);
      return resolve(holds(String(condition)) ? whenTrue : whenFalse, where);
    },
    "Fn::Equals": (argument, where) => {
      const [left, right] = list(resolve(argument, where), where);
      return left === right;
    },
    "Fn::And": (argument, where) => all(argument, where).every(Boolean),
    "Fn::Or": (argument, where) => all(argument, where).some(Boolean),
    "Fn::Not": (argument, where) => !all(argument, where)[0],
  };

  const resolve: Resolve = (value, where) => {
    if (Array.isArray(value)) return value.map((each) => resolve(each, where)).filter((each) => each !== noValue);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (first && entries.length === 1 && (Object.hasOwn(functions, first[0]) || first[0].startsWith("Fn::"))) {
      const [name, argument] = first;
      // A key called "Condition" is a function in conditions only: policies and authorizers have one of their own.
      const isPlainKey = name === "Condition" && !where.startsWith("Conditions.");
      if (!isPlainKey) {
        const apply = functions[name];
        if (apply) return apply(argument, where);
        const known = Object.keys(functions).join(", ");
        throw new Error(`${where}: ${name} is not known to the local runtime, which knows ${known}`);
      }
    }
    const resolved = entries.map(([key, each]) => [key, resolve(each, `${where}.${key}`)] as const);
    return Object.fromEntries(resolved.filter(([, each]) => each !== noValue));
  };
  return { resolve, holds };
}

/** Adds the place to what `find` throws. */
function at<T>(where: string, find: () => T): T {
  try {
    return find();
  } catch (cause) {
    throw new Error(`${where}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function list(value: unknown, where: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${where}: an intrinsic function needs a list, got ${JSON.stringify(value)}`);
}

function texts(value: unknown, where: string, name: string): string[] {
  return list(value, where).map((each) => {
    if (typeof each === "string" || typeof each === "number" || typeof each === "boolean") return String(each);
    throw new Error(`${where}: ${name} needs texts, got ${JSON.stringify(each)}`);
  });
}
