import type { Template, TemplateResource } from "../../local/template/assembly.ts";

/** Changes a template in place. */
export type Edit = (template: Template) => void;

/** Applies the edits one after the other. */
export const all =
  (...edits: Edit[]): Edit =>
  (template) => {
    for (const edit of edits) edit(template);
  };

/** Removes resources of a type, and the resources that cannot exist without them. @throws Error if none matches */
export const lose =
  (type: string, matches: (properties: Record<string, unknown>, logicalId: string) => boolean): Edit =>
  (template) => {
    const isLost = ([id, resource]: [string, TemplateResource]) =>
      resource.Type === type && matches(resource.Properties ?? {}, id);
    const lost = Object.entries(template.Resources).filter(isLost);
    if (lost.length === 0) throw new Error(`the template has no such ${type} to remove`);
    for (const [id] of lost) remove(template, id);
  };

function remove({ Resources }: Template, lostId: string): void {
  delete Resources[lostId];
  for (const [id, resource] of Object.entries(Resources)) {
    if (resource.Type === "AWS::ApiGatewayV2::RouteResponse" && refersTo(resource.Properties?.RouteId, lostId)) {
      delete Resources[id];
    }
  }
}

const refersTo = (value: unknown, logicalId: string) => JSON.stringify(value) === JSON.stringify({ Ref: logicalId });

export const loseRoute = (routeKey: string): Edit =>
  lose("AWS::ApiGatewayV2::Route", (properties) => properties.RouteKey === routeKey);

/** Prefixes of the functions' logical ids. */
const functions = {
  authorize: "DownlinkSocketApiAuthorize",
  socket: "DownlinkSocketApiSocket",
  push: "DownlinkPushApiPush",
} as const;
type FunctionName = keyof typeof functions;

interface PolicyProperties {
  PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown }[] };
}

/** Removes an action from a function's role, for one table or for all resources. @throws Error if it is not granted */
export const loseGrant =
  (of: FunctionName, action: string, table: "Connections" | "Rooms" | "" = ""): Edit =>
  (template) => {
    let lost = 0;
    for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
      if (Type !== "AWS::IAM::Policy" || !id.startsWith(`${functions[of]}Role`)) continue;
      const { Statement } = (Properties as unknown as PolicyProperties).PolicyDocument;
      for (const statement of Statement) {
        if (!JSON.stringify(statement.Resource).includes(table)) continue;
        const before = [statement.Action].flat();
        statement.Action = before.filter((each) => each !== action);
        lost += before.length - statement.Action.length;
      }
    }
    if (lost === 0) throw new Error(`the role of ${of} has no ${action} to remove`);
  };

interface FunctionProperties {
  Environment: { Variables: Record<string, unknown> };
}

/** Sets an environment variable of a function; `undefined` removes it. @throws Error if there is no such variable */
export const setVariable =
  (of: FunctionName, name: string, value: string | undefined): Edit =>
  (template) => {
    for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
      if (Type !== "AWS::Lambda::Function" || !id.startsWith(functions[of])) continue;
      const { Variables } = (Properties as unknown as FunctionProperties).Environment;
      if (!(name in Variables)) throw new Error(`${of} has no variable ${name}`);
      if (value === undefined) delete Variables[name];
      else Variables[name] = value;
    }
  };

/** Properties of the only resource of a type. @throws Error if there are none or several */
export function propertiesOf({ Resources }: Template, type: string): Record<string, unknown> {
  const [only, ...others] = Object.values(Resources).filter(({ Type }) => Type === type);
  if (!only?.Properties || others.length > 0) throw new Error(`the template should have one ${type}`);
  return only.Properties;
}
