import type { Template } from "./assembly.ts";
import type { Deployment } from "./deployment.ts";

/**
 * Returns `value` with every intrinsic function in it replaced by its result, at any depth.
 *
 * @param location logical id and property path, for error texts: `Function.Environment.Variables`
 * @throws if a function, resource, attribute or parameter is unknown; the error text starts with the location
 */
export type Resolve = (value: unknown, location: string) => unknown;

/** The intrinsic functions of CloudFormation, such as `Ref` and `Fn::Join`, for one template. */
export interface Intrinsics {
  resolve: Resolve;
  /** Whether a condition of the template is true. Throws if the template has no such condition. */
  isConditionTrue(name: string): boolean;
}

/** Resolves references to resources of the template. */
export interface ResourceNames {
  /** The result of `Ref`. */
  ref(logicalId: string): string;
  /** The result of `Fn::GetAtt`. */
  attribute(logicalId: string, name: string): string;
}

// `Ref: AWS::NoValue` removes the property or list item that holds it. A symbol differs from every JSON value.
const noValue = Symbol("AWS::NoValue");

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

  const resolveRef = (name: string, location: string): unknown => {
    if (Object.hasOwn(pseudoParameters, name)) return pseudoParameters[name];
    const parameter = template.Parameters?.[name];
    if (!parameter) return withLocation(location, () => names.ref(name));
    if (parameter.Default !== undefined) return parameter.Default;
    throw new Error(
      `${location}: the parameter ${name} has no default; the local runtime cannot ask for a value, so give the parameter a Default`,
    );
  };
  const getAttribute = (argument: unknown, location: string): string => {
    const path = typeof argument === "string" ? argument : strings(argument, location, "Fn::GetAtt").join(".");
    const dot = path.indexOf(".");
    return withLocation(location, () => names.attribute(path.slice(0, dot), path.slice(dot + 1)));
  };
  const substitute = (argument: unknown, location: string): string => {
    const [pattern, values] = Array.isArray(argument) ? argument : [argument, {}];
    const variables = resolve(values, location) as Record<string, unknown>;
    return String(pattern).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
      if (name.startsWith("!")) return `\${${name.slice(1)}}`;
      if (Object.hasOwn(variables, name)) return String(variables[name]);
      return String(name.includes(".") ? getAttribute(name, location) : resolveRef(name, location));
    });
  };
  const isConditionTrue = (name: string): boolean => {
    const condition = template.Conditions?.[name];
    if (condition === undefined) throw new Error(`the template has no condition ${name}`);
    return isTrue(condition, `Conditions.${name}`);
  };
  const isTrue = (condition: unknown, location: string): boolean => resolve(condition, location) === true;
  const all = (argument: unknown, location: string) => list(argument, location).map((each) => isTrue(each, location));

  const functions: Record<string, (argument: unknown, location: string) => unknown> = {
    Ref: (name, location) => resolveRef(String(name), location),
    Condition: (name) => isConditionTrue(String(name)),
    "Fn::GetAtt": getAttribute,
    "Fn::Sub": substitute,
    "Fn::Join": (argument, location) => {
      const [separator, parts] = list(argument, location);
      return strings(resolve(parts, location), location, "Fn::Join").join(String(separator));
    },
    "Fn::Select": (argument, location) => {
      const [index, values] = list(resolve(argument, location), location);
      const value = list(values, location)[Number(index)];
      if (value === undefined)
        throw new Error(
          `${location}: Fn::Select asks for element ${index}, but the list has ${list(values, location).length} elements`,
        );
      return value;
    },
    "Fn::Split": (argument, location) => {
      const [separator, value] = list(resolve(argument, location), location);
      return String(value).split(String(separator));
    },
    "Fn::FindInMap": (argument, location) => {
      const [map, first, second] = strings(resolve(argument, location), location, "Fn::FindInMap");
      const value = template.Mappings?.[map ?? ""]?.[first ?? ""]?.[second ?? ""];
      if (value === undefined) throw new Error(`${location}: the template has no mapping ${map}.${first}.${second}`);
      return value;
    },
    "Fn::If": (argument, location) => {
      const [condition, whenTrue, whenFalse] = list(argument, location);
      return resolve(isConditionTrue(String(condition)) ? whenTrue : whenFalse, location);
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
      // A key named "Condition" is a function only within Conditions: policy statements have a key of the same name.
      const isPlainKey = name === "Condition" && !location.startsWith("Conditions.");
      if (!isPlainKey) {
        const apply = functions[name];
        if (apply) return apply(argument, location);
        const known = Object.keys(functions).join(", ");
        throw new Error(`${location}: ${name} is not known to the local runtime; supported functions: ${known}`);
      }
    }
    const resolved = entries.map(([key, each]) => [key, resolve(each, `${location}.${key}`)] as const);
    return Object.fromEntries(resolved.filter(([, each]) => each !== noValue));
  };
  return { resolve, isConditionTrue };
}

/** Runs `find` and adds the location to the text of its error. */
function withLocation<T>(location: string, find: () => T): T {
  try {
    return find();
  } catch (cause) {
    throw new Error(`${location}: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function list(value: unknown, location: string): unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${location}: an intrinsic function takes a list here, got ${JSON.stringify(value)}`);
}

function strings(value: unknown, location: string, name: string): string[] {
  return list(value, location).map((each) => {
    if (typeof each === "string" || typeof each === "number" || typeof each === "boolean") return String(each);
    throw new Error(`${location}: ${name} takes strings, got ${JSON.stringify(each)}`);
  });
}
