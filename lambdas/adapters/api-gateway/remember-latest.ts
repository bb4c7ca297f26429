/** @returns `make` with a cache of its latest `max` results; the oldest is removed first */
export function rememberLatest<T>(max: number, make: (text: string) => T): (text: string) => T {
  const made = new Map<string, T>();
  return (text) => {
    const cached = made.get(text);
    if (cached !== undefined) return cached;
    const fresh = make(text);
    const [oldest] = made.keys();
    if (made.size === max && oldest !== undefined) made.delete(oldest);
    made.set(text, fresh);
    return fresh;
  };
}
