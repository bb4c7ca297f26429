import type { Template } from "./assembly.ts";
import type { Deployment, Resolve } from "./physical-names.ts";

export interface Intrinsics {
  resolve: Resolve;
  /** Whether the condition of this name is met. */
  holds(condition: string): boolean;
}

/** What the template's resources are called once deployed. */
export interface ResourceNames {
  ref(logicalId: string): string;
  attribute(logicalId: string, name: string): string;
}

// `Ref: AWS::NoValue` removes what holds it, so it has to differ from every value that JSON can have.
const noValue = Symbol("AWS::NoValue");

/** @param names asked for what a template refers to */
export function createIntrinsics(template: Template, deployment: Deployment, names: ResourceNames): Intrinsics {
  const pseudoParameters: Record<string, unknown> = {
    "AWS::AccountId": deployment.accountId,
    "AWS::Region": deployment.region,
    "AWS::Partition": deployment.partition,
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": deployment.stackName,
    "AWS::StackId": `arn:aws:cloudformation:${deployment.region}:${deployment.accountId}:stack/${deployment.stackName}/local`,
    "AWS::NotificationARNs": [],
    "AWS::NoValue": noValue,
  };

  const refer = (name: string, location: string): unknown => {
    if (Object.hasOwn(pseudoParameters, name)) return pseudoParameters[name];
    const parameter = template.Parameters?.[name];
    if (!parameter) return at(location, () => names.ref(name));
    if (parameter.Default !== undefined) return parameter.Default;
    throw new Error(`${location}: the parameter ${name} has no default, and nobody is there to ask; give it one`);
  };
  const getAttribute = (argument: unknown, location: string): string => {
    const path = typeof argument === "string" ? argument : texts(argument, location, "Fn::GetAtt").join(".");
    const dot = path.indexOf(".");
    return at(location, () => names.attribute(path.slice(0, dot), path.slice(dot + 1)));
  };
  const substitute = (argument: unknown, location: string): string => {
    const [pattern, values] = Array.isArray(argument) ? argument : [argument, {}];
    const own = resolve(values, location) as Record<string, unknown>;
    return String(pattern).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
      if (name.startsWith("!")) return `\${${name.slice(1)}}`;
      if (Object.hasOwn(own, name)) return String(own[name]);
      return String(name.includes(".") ? getAttribute(name, location) : refer(name, location));
    });
  };
  const holds = (name: string): boolean => {
    const condition = template.Conditions?.[name];
    if (condition === undefined) throw new Error(`the template has no condition ${name}`);
    return isTrue(condition, `Conditions.${name}`);
  };
  const isTrue = (condition: unknown, location: string): boolean => resolve(condition, location) === true;
  const all = (argument: unknown, location: string) => list(argument, location).map((one) => isTrue(one, location));

  const functions: Record<string, (argument: unknown, location: string) => unknown> = {
    Ref: (name, location) => refer(String(name), location),
    Condition: (name) => holds(String(name)),
    "Fn::GetAtt": getAttribute,
    "Fn::Sub": substitute,
    "Fn::Join": (argument, location) => {
      const [separator, parts] = list(argument, location);
      return texts(resolve(parts, location), location, "Fn::Join").join(String(separator));
    },
    "Fn::Select": (argument, location) => {
      const [index, values] = list(resolve(argument, location), location);
      const value = list(values, location)[Number(index)];
      if (value === undefined) throw new Error(`${location}: Fn::Select asks for element ${index}, which is not there`);
      return value;
    },
    "Fn::Split": (argument, location) => {
      const [separator, value] = list(resolve(argument, location), location);
      return String(value).split(String(separator));
    },
    "Fn::FindInMap": (argument, location) => {
      const [map, first, second] = texts(resolve(argument, location), location, "Fn::FindInMap");
      const value = template.Mappings?.[map ?? ""]?.[first ?? ""]?.[second ?? ""];
      if (value === undefined) throw new Error(`${location}: no mapping ${map}.${first}.${second}`);
      return value;
    },
    "Fn::If": (argument, location) => {
      const [condition, whenTrue, whenFalse] = list(argument, location);
      return resolve(holds(String(condition)) ? whenTrue : whenFalse, location);
    },
    "Fn::Equals": (argument, location) => {
      const [left, right] = list(resolve(argument, location), location);
      return left === right;
    },
    "Fn::And": (argument, location) => all(argument, location).every(Boolean),
    "Fn::Or": (argument, location) => all(argument, location).some(Boolean),
    "Fn::Not": (argument, location) => !all(argument, location)[0],
  };

  const resolve: Resolve = (value, location) => {
    if (Array.isArray(value)) return value.map((each) => resolve(each, location)).filter((each) => each !== noValue);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (first && entries.length === 1 && (Object.hasOwn(functions, first[0]) || first[0].startsWith("Fn::"))) {
      const [name, argument] = first;
      // A key called "Condition" is a function in conditions only: policies and authorizers have one of their own.
      const isPlainKey = name === "Condition" && !location.startsWith("Conditions.");
      if (!isPlainKey) {
        const apply = functions[name];
        if (apply) return apply(argument, location);
        const known = Object.keys(functions).join(", ");
        throw new Error(`${location}: ${name} is not known to the local runtime, which knows ${known}`);
      }
    }
    const resolved = entries.map(([key, each]) => [key, resolve(each, `${location}.${key}`)] as const);
    return Object.fromEntries(resolved.filter(([, each]) => each !== noValue));
  };
  return { resolve, holds };
}

/** Adds the place to what `find` throws. */
function at<T>(location: string, find: () => T): T {
  try {
    return find();
  } catch (cause) {
    throw new Error(`${location}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function list(value: unknown, location: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${location}: an intrinsic function needs a list, got ${JSON.stringify(value)}`);
}

function texts(value: unknown, location: string, name: string): string[] {
  return list(value, location).map((each) => {
    if (typeof each === "string" || typeof each === "number" || typeof each === "boolean") return String(each);
    throw new Error(`${location}: ${name} needs texts, got ${JSON.stringify(each)}`);
  });
}
