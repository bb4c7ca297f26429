/**
 * A variable that lib/ sets for the function.
 *
 * @throws if it is not set
 */
export function environment(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set; lib/ should pass it to this function`);
  return value;
}
