/** A header's value, however the client spelled its name: API Gateway hands it on as it came. */
export const headerOf = (headers: Record<string, string> | null | undefined, lowerName: string): string | undefined =>
  Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === lowerName)?.[1];
