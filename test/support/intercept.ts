import { onTestFinished } from "vitest";

type Method = (...args: never[]) => unknown;
type MethodName<T> = keyof { [K in keyof T as T[K] extends Method ? K : never]: unknown };

/**
 * Replaces a method of an object, such as a port of a harness, until the end of the test.
 *
 * @param replace gets the original method and returns its replacement
 * @returns restores the original earlier
 */
export function intercept<T extends object, K extends MethodName<T>>(
  target: T,
  name: K,
  replace: (original: T[K]) => T[K],
): () => void {
  const original = Object.getOwnPropertyDescriptor(target, name);
  const restore = () => {
    if (original) Object.defineProperty(target, name, original);
    else Reflect.deleteProperty(target, name);
  };
  target[name] = replace(target[name]);
  onTestFinished(restore);
  return restore;
}

/**
 * Replaces a method for its next call only. The original is back as soon as that call starts, so that the replacement
 * can let another operation run to its end between the call and its effect.
 */
export function interceptNext<T extends object, K extends MethodName<T>>(
  target: T,
  name: K,
  replace: (original: T[K]) => T[K],
): void {
  const restore = intercept(target, name, (original) => {
    const replacement: Method = replace(original) as Method;
    const once: Method = (...args) => {
      restore();
      return replacement(...args);
    };
    return once as T[K];
  });
}
