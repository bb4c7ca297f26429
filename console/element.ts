/** The element with an id. @throws Error if index.html has no element with this id and type */
export function element<E extends HTMLElement>(id: string, type: new () => E): E {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`index.html should have a ${type.name} with id ${id}`);
}

/** The first element that matches a selector. @throws Error if there is none, or if it has another type */
export function within<E extends Element>(parent: ParentNode, selector: string, type: new () => E): E {
  const found = parent.querySelector(selector);
  if (found instanceof type) return found;
  throw new Error(`index.html should have a ${type.name} at ${selector}`);
}

/**
 * Copies the element that a `<template>` contains.
 *
 * @throws Error if there is no such template, or its element has another type
 */
export function cloneTemplate<E extends Element>(templateId: string, type: new () => E): E {
  const copy = element(templateId, HTMLTemplateElement).content.firstElementChild?.cloneNode(true);
  if (copy instanceof type) return copy;
  throw new Error(`index.html should have a ${type.name} in the template ${templateId}`);
}

/** Sets the values of a form's fields by name. Fields that already have the value are left alone. */
export function fill(form: HTMLFormElement, values: Record<string, string>): void {
  for (const [name, value] of Object.entries(values)) {
    const field = form.elements.namedItem(name);
    const isField =
      field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement || field instanceof RadioNodeList;
    if (isField && field.value !== value) field.value = value;
  }
}
