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

type IntrinsicFunction = (argument: unknown, location: string) => unknown;
type Functions = Record<string, IntrinsicFunction>;

/** @param names resolves references to resources */
export function createIntrinsics(template: Template, deployment: Deployment, names: ResourceNames): Intrinsics {
  const resolve: Resolve = (value, location) => {
    if (Array.isArray(value)) return value.map((each) => resolve(each, location)).filter((each) => each !== noValue);
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value);
    const [first] = entries;
    if (first && entries.length === 1 && isFunctionCall(first[0], location)) {
      const [name, argument] = first;
      const apply = functions[name];
      if (apply) return apply(argument, location);
      const known = Object.keys(functions).join(", ");
      throw new Error(`${location}: ${name} is not supported by the local runtime; supported functions: ${known}`);
    }
    const resolved = entries.map(([key, each]) => [key, resolve(each, `${location}.${key}`)] as const);
    return Object.fromEntries(resolved.filter(([, each]) => each !== noValue));
  };
  const isConditionTrue = (name: string): boolean => {
    const condition = template.Conditions?.[name];
    if (condition === undefined) throw new Error(`the template has no condition ${name}`);
    return resolve(condition, `Conditions.${name}`) === true;
  };
  const isFunctionCall = (name: string, location: string): boolean => {
    // A key named "Condition" is a function only within Conditions: policy statements have a key of the same name.
    if (name === "Condition") return location.startsWith("Conditions.");
    return Object.hasOwn(functions, name) || name.startsWith("Fn::");
  };
  const functions: Functions = {
    ...referenceFunctions(template, deployment, names, resolve),
    ...textFunctions(resolve),
    ...conditionFunctions(resolve, isConditionTrue),
  };
  return { resolve, isConditionTrue };
}

/** `Ref`, `Fn::GetAtt`, `Fn::Sub` and `Fn::FindInMap`. */
function referenceFunctions(
  template: Template,
  deployment: Deployment,
  names: ResourceNames,
  resolve: Resolve,
): Functions {
  const pseudoParameters = pseudoParametersOf(deployment);
  const ref = (name: string, location: string): unknown => {
    if (Object.hasOwn(pseudoParameters, name)) return pseudoParameters[name];
    const parameter = template.Parameters?.[name];
    if (!parameter) return withLocation(location, () => names.ref(name));
    if (parameter.Default !== undefined) return parameter.Default;
    throw new Error(
      `${location}: the parameter ${name} has no default; the local runtime cannot ask for a value, so give the parameter a Default`,
    );
  };
  const getAtt = (argument: unknown, location: string): string => {
    const path = typeof argument === "string" ? argument : strings(argument, location, "Fn::GetAtt").join(".");
    const dot = path.indexOf(".");
    return withLocation(location, () => names.attribute(path.slice(0, dot), path.slice(dot + 1)));
  };
  const sub = (argument: unknown, location: string): string => {
    const [pattern, values] = Array.isArray(argument) ? argument : [argument, {}];
    const variables = resolve(values, location) as Record<string, unknown>;
    return String(pattern).replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => {
      if (name.startsWith("!")) return `\${${name.slice(1)}}`;
      if (Object.hasOwn(variables, name)) return String(variables[name]);
      return String(name.includes(".") ? getAtt(name, location) : ref(name, location));
    });
  };
  const findInMap = (argument: unknown, location: string): unknown => {
    const [map, first, second] = strings(resolve(argument, location), location, "Fn::FindInMap");
    const value = template.Mappings?.[map ?? ""]?.[first ?? ""]?.[second ?? ""];
    if (value === undefined) throw new Error(`${location}: the template has no mapping ${map}.${first}.${second}`);
    return value;
  };
  return {
    Ref: (name, location) => ref(String(name), location),
    "Fn::GetAtt": getAtt,
    "Fn::Sub": sub,
    "Fn::FindInMap": findInMap,
  };
}

const pseudoParametersOf = ({ stackName, region, accountId, partition }: Deployment): Record<string, unknown> => ({
  "AWS::AccountId": accountId,
  "AWS::Region": region,
  "AWS::Partition": partition,
  "AWS::URLSuffix": "amazonaws.com",
  "AWS::StackName": stackName,
  "AWS::StackId": `arn:aws:cloudformation:${region}:${accountId}:stack/${stackName}/local`,
  "AWS::NotificationARNs": [],
  "AWS::NoValue": noValue,
});

const textFunctions = (resolve: Resolve): Functions => ({
  "Fn::Join": (argument, location) => {
    const [separator, parts] = list(argument, location);
    return strings(resolve(parts, location), location, "Fn::Join").join(String(separator));
  },
  "Fn::Select": (argument, location) => {
    const [index, values] = list(resolve(argument, location), location);
    const elements = list(values, location);
    const value = elements[Number(index)];
    if (value !== undefined) return value;
    throw new Error(`${location}: Fn::Select asks for element ${index}, but the list has ${elements.length} elements`);
  },
  "Fn::Split": (argument, location) => {
    const [separator, value] = list(resolve(argument, location), location);
    return String(value).split(String(separator));
  },
});

function conditionFunctions(resolve: Resolve, isConditionTrue: (name: string) => boolean): Functions {
  const results = (argument: unknown, location: string): boolean[] =>
    list(argument, location).map((condition) => resolve(condition, location) === true);
  return {
    Condition: (name) => isConditionTrue(String(name)),
    "Fn::If": (argument, location) => {
      const [condition, whenTrue, whenFalse] = list(argument, location);
      return resolve(isConditionTrue(String(condition)) ? whenTrue : whenFalse, location);
    },
    "Fn::Equals": (argument, location) => {
      const [left, right] = list(resolve(argument, location), location);
      return left === right;
    },
    "Fn::And": (argument, location) => results(argument, location).every(Boolean),
    "Fn::Or": (argument, location) => results(argument, location).some(Boolean),
    "Fn::Not": (argument, location) => !results(argument, location)[0],
  };
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
