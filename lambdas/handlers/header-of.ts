/** The value of a header. API Gateway passes header names in the client's spelling, so case is ignored. */
export const headerOf = (headers: Record<string, string> | null | undefined, lowerName: string): string | undefined =>
  Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === lowerName)?.[1];
