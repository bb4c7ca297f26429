/** @returns `make`, which is not called again for those of the latest `most` texts that it was called for */
export function rememberLatest<T>(max: number, make: (text: string) => T): (text: string) => T {
  const made = new Map<string, T>();
  return (text) => {
    const known = made.get(text);
    if (known !== undefined) return known;
    const fresh = make(text);
    const [oldest] = made.keys();
    if (made.size === max && oldest !== undefined) made.delete(oldest);
    made.set(text, fresh);
    return fresh;
  };
}
