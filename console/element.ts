/** @throws if index.html has no element of that id and type */
export function element<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`index.html should have a ${type.name} with id ${id}`);
}

/** @throws if there is none of that type inside `parent` */
export function within<E extends Element>(parent: ParentNode, selector: string, type: new () => E): E {
  const found = parent.querySelector(selector);
  if (found instanceof type) return found;
  throw new Error(`index.html should have a ${type.name} at ${selector}`);
}

/** A copy of what a `<template>` holds. */
export function stamp(templateId: string): HTMLLIElement {
  const copy = element(templateId, HTMLTemplateElement).content.cloneNode(true);
  return within(copy as DocumentFragment, "li", HTMLLIElement);
}

/** Writes values into the fields of their names, but not over what is being typed. */
export function fill(form: HTMLFormElement, values: Record<string, string>): void {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements.namedItem(name);
    const isField =
      field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof RadioNodeList;
    if (isField && field.value !== value) field.value = value;
  }
}
