import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Resource, synthesize } from "./synthesize.ts";

/**
 * Logical ids by type of the resources that hold data, or whose URL or key is in use outside the stack. CloudFormation
 * identifies a resource by its logical id, which the CDK derives from the ids of the construct and its parents.
 */
const listed: Record<string, string[]> = JSON.parse(
  readFileSync(new URL("./stateful-resources.json", import.meta.url), "utf8"),
);
const resources: Record<string, Resource> = synthesize().toJSON().Resources;

/** Retained with the log groups, but replaceable: the role has no data, and the account has one such setting. */
const replaceable = new Set(["AWS::IAM::Role", "AWS::ApiGateway::Account"]);

const ids = Object.entries(listed).flatMap(([type, logicalIds]) => logicalIds.map((id) => [id, type] as const));

test.each(ids)("%s, %s, keeps its logical id", (id, type) => {
  const message = `the template has no ${type} with the logical id ${id}. Renaming or moving a construct replaces the resource: every existing stack gets a new, empty one and loses the data, URL or key of the old one. Restore the id of the construct and its parents. Change stateful-resources.json only if this loss is intended and the release notes say so`;
  expect(resources[id]?.Type, message).toBe(type);
});

test("no stateful resource is missing from the list", () => {
  const isStateful = ({ Type, DeletionPolicy }: Resource) =>
    Type in listed || (DeletionPolicy !== undefined && !replaceable.has(Type));
  const known = new Set(ids.map(([id]) => id));
  const missing = Object.entries(resources).filter(([id, resource]) => isStateful(resource) && !known.has(id));
  expect(
    missing.map(([id, { Type }]) => `${Type} ${id}`),
    "add new stateful resources to stateful-resources.json, which fixes their logical ids",
  ).toEqual([]);
});
