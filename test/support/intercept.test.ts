import { describe, expect, test } from "vitest";
import { intercept, interceptNext } from "./intercept.ts";

class Port {
  read = (): string => "own";
  inherited(): string {
    return "inherited";
  }
}
const port = new Port();

describe("an intercepted method", () => {
  test("calls the replacement, which may call the original", () => {
    intercept(port, "read", (read) => () => `replaced ${read()}`);
    expect(port.read()).toBe("replaced own");
  });

  test("is the original again in the next test", () => {
    expect(port.read()).toBe("own");
  });

  test("is the original again after restore", () => {
    const restore = intercept(port, "inherited", () => () => "replaced");
    expect(port.inherited()).toBe("replaced");
    restore();
    expect(port.inherited()).toBe("inherited");
    expect(Object.hasOwn(port, "inherited")).toBe(false);
  });

  test("is the original again as soon as its next call starts", () => {
    interceptNext(port, "read", (read) => () => `replaced ${read()}, then ${port.read()}`);
    expect(port.read()).toBe("replaced own, then own");
    expect(port.read()).toBe("own");
  });
});
