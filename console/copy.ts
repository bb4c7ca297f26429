const confirmMs = 1_500;

/** Copies on click. Pages that came over plain http from another machine may not: then the text is selected instead. */
export function copyOnClick(button: HTMLButtonElement, source: HTMLElement): void {
  const label = button.textContent;
  let reset: ReturnType<typeof setTimeout>;
  button.addEventListener("click", async () => {
    button.textContent = (await copied(source)) ? "Copied" : "Selected";
    clearTimeout(reset);
    reset = setTimeout(() => {
      button.textContent = label;
    }, confirmMs);
  });
}

async function copied(source: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection()?.selectAllChildren(source);
    return false;
  }
}
