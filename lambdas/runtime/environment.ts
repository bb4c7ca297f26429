/**
 * A variable that lib/ sets for the function.
 *
 * @throws Error if it is not set or empty
 */
export function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; lib/ should pass it to this function`);
  return value;
}
