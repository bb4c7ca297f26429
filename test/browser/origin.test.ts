import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Local } from "../../local/host/runtime.ts";
import type { Template } from "../../local/template/assembly.ts";
import { startStack } from "../support/start-stack.ts";
import { launchChromium } from "./chromium.ts";

const allowed = "http://app.example.com";
let stack: Local;
let browser: Browser;

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack({ edit: allowOnly(allowed) }), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});

test.each([
  ["connects from an allowed origin", allowed, "open"],
  ["is refused from another origin even with a valid token", "http://evil.example.com", "refused"],
  ["is refused from an origin that only starts like an allowed one", `${allowed}.evil.example`, "refused"],
])("a page %s", async (_, origin, expected) => {
  const context = await browser.newContext();
  expect(await connectFrom(context, origin)).toBe(expected);
  await context.close();
});

/** Opens an empty page of the origin, which connects with a valid token. */
async function connectFrom(context: BrowserContext, origin: string): Promise<string> {
  await context.route(`${origin}/**`, (route) => route.fulfill({ contentType: "text/html", body: "<p>A page</p>" }));
  const page = await context.newPage();
  await page.goto(`${origin}/`);
  return page.evaluate(
    ({ url, token }) =>
      new Promise<string>((resolve) => {
        const socket = new WebSocket(url, ["downlink.v1", `token.${token}`]);
        socket.onopen = () => resolve("open");
        socket.onclose = () => resolve("refused");
      }),
    { url: stack.webSocketUrl, token: stack.token },
  );
}

const allowOnly = (origin: string) => (template: Template) => {
  for (const { Properties } of Object.values(template.Resources)) {
    const { Variables } = (Properties?.Environment ?? {}) as { Variables?: Record<string, unknown> };
    if (Variables && "ALLOWED_ORIGINS" in Variables) Variables.ALLOWED_ORIGINS = origin;
  }
};
