const confirmMs = 1_500;

/**
 * Copies the text of `source` when the button is clicked. Without access to the clipboard, as on pages that were loaded
 * over plain HTTP from another machine, it selects the text.
 */
export function copyOnClick(button: HTMLButtonElement, source: HTMLElement): void {
  const label = button.textContent;
  let reset: ReturnType<typeof setTimeout>;
  button.addEventListener("click", async () => {
    button.textContent = (await copyText(source)) ? "Copied" : "Selected";
    clearTimeout(reset);
    reset = setTimeout(() => {
      button.textContent = label;
    }, confirmMs);
  });
}

async function copyText(source: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    getSelection()?.selectAllChildren(source);
    return false;
  }
}
