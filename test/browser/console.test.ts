import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Local } from "../../local/host/runtime.ts";
import type { LoginPolicy } from "../../protocol/ids.ts";
import { startStack } from "../support/start-stack.ts";
import { launchChromium } from "./chromium.ts";
import { Tab } from "./tab.ts";

let stack: Local;
let browser: Browser;
let context: BrowserContext;
let rooms = 0;
let room: string;
const openTab = (policy?: LoginPolicy) => Tab.open(context, stack.consoleUrl, room, policy);

beforeAll(async () => {
  [stack, browser] = await Promise.all([startStack(), launchChromium()]);
});
afterAll(async () => {
  await browser?.close();
  await stack?.close();
});
beforeEach(async () => {
  rooms += 1;
  room = `room-${rooms}`;
  context = await browser.newContext();
  // Shorter than the test's timeout, so that the failure names the missing element.
  context.setDefaultTimeout(15_000);
});
afterEach(() => context.close());

describe("two tabs", () => {
  test("log in by loginWhenFirst: the first succeeds, the second is refused and stays connected", async () => {
    const [first, second] = [await openTab(), await openTab()];
    await first.login();
    await first.receives("loginRoomResp", `"2002", "msg": "login room (id:${room}) success"`);
    await first.showsRoom(room);

    await second.login();
    await second.receives("loginRoomResp", `"2004", "msg": "your room id(${room}) already exist"`);
    await second.showsLink("Connected");
    await second.showsRoom(room, "detached");
  });

  test("log in, the second by loginWhenLast: the second succeeds and the first is evicted", async () => {
    const [first, second] = [await openTab(), await openTab()];
    await first.login();
    await first.showsRoom(room);

    await second.choose("Last stays");
    await second.login();
    await second.showsRoom(room);
    await first.receives("loginRoomResp", `"2005", "msg": "you have kicked out room (id${room})"`);
    await first.showsRoom(room, "detached");
  });

  test("receive pushes: to a room in the member's tab, to everyone in both", async () => {
    const [evicted, inside] = [await openTab(), await openTab("loginWhenLast")];
    await evicted.login();
    await evicted.showsRoom(room);
    await inside.login();
    await evicted.showsRoom(room, "detached");

    await evicted.push("A room", "test", '{ "for": "the room" }');
    await evicted.showsResponse("0000");
    await inside.receives("test", '"the room"');
    // When this push arrives, the earlier push has been posted.
    await evicted.push("Everyone", "downmsg", '{ "for": "everyone" }');
    await Promise.all([evicted, inside].map((tab) => tab.receives("downmsg", '"everyone"')));
    expect(await evicted.arrived("test", '"the room"').count()).toBe(0);
    expect(await inside.arrived("test", '"the room"').count()).toBe(1);
  });
});

describe("one tab", () => {
  test("keeps room and policy across a reload, and its old membership has ended", async () => {
    const tab = await openTab();
    await tab.choose("Last stays");
    await tab.login();
    await tab.showsRoom(room);

    await tab.page.reload();
    await tab.page.getByRole("radio", { name: "Last stays", checked: true }).waitFor();
    await tab.choose("First stays");
    await tab.login();
    await tab.showsRoom(room);
    await tab.push("A room", "test", '"after the reload"');
    await tab.receives("test", "after the reload");
  });

  test("leaves a room, and disconnects", async () => {
    const tab = await openTab();
    await tab.login();
    await tab.page.getByRole("button", { name: `Leave room ${room}` }).click();
    await tab.receives("leaveRoomResp", '"2006"');
    await tab.showsRoom(room, "detached");

    await tab.page.getByRole("button", { name: "Disconnect" }).click();
    await tab.showsLink("Not connected");
  });

  test("receives the events that it listens to and no others", async () => {
    const tab = await openTab();
    await tab.page.getByRole("button", { name: "Stop listening to test" }).click();
    await tab.page.getByLabel("Another event name").fill("order.paid");
    await tab.page.getByRole("button", { name: "Listen", exact: true }).click();
    await tab.login();
    await tab.showsRoom(room);

    await tab.push("A room", "test", "1");
    await tab.showsResponse("0000");
    await tab.push("A user", "order.paid", "2");
    await tab.receives("order.paid", "2");
    expect(await tab.arrived("test", "1").count()).toBe(0);
  });

  test("shows why a push is refused, and does not send invalid JSON", async () => {
    const tab = await openTab();
    await tab.push("A room", "connetResp", "{}");
    await tab.showsResponse("1003");

    await tab.push("A room", "test", "{ 'not': json }");
    await tab.page.getByText("Not JSON:").waitFor();
    await tab.page.getByLabel("Data").fill("null");
    await tab.page.getByLabel("Data").press("Control+Enter");
    await tab.showsResponse("0000");
  });

  test("copies the push as a curl command", async () => {
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const tab = await openTab();
    await tab.page.getByRole("region", { name: "Push" }).getByRole("button", { name: "Copy" }).click();
    await tab.page.getByRole("button", { name: "Copied" }).waitFor();
    const copied = await tab.page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toMatch(/^curl 'http:\/\/localhost:\d+\/api\/push'/);
    expect(copied).toContain(stack.apiKey);
  });

  test("shows that it cannot connect, and connects once the token is valid", async () => {
    const tab = await openTab();
    await tab.page.getByText("URL and keys").click();
    await tab.page.getByLabel("Token JWT of the page").fill("not.a.token");
    await tab.page.getByRole("button", { name: "Connect", exact: true }).click();
    await tab.showsLink("Trying again");
    await tab.page.getByRole("alert").getByText("the connection failed to open").waitFor();

    await tab.page.getByLabel("Token JWT of the page").fill(stack.token);
    await tab.showsLink("Connected");
  });

  test("downloads a payload from another origin, verifies it, and shows it in order", async () => {
    const tab = await openTab();
    await tab.login();
    await tab.showsRoom(room);
    const pushed = async (data: unknown) => {
      const body = JSON.stringify({ roomId: room, eventName: "test", data });
      const response = await fetch(`${stack.restUrl}/push`, {
        method: "POST",
        headers: { "x-api-key": stack.apiKey },
        body,
      });
      expect(response.status).toBe(200);
    };
    await pushed({ title: "large", rows: "x".repeat(200 * 1024) });
    await pushed("after it");
    await tab.receives("test", "after it");
    expect(await tab.arrived("test", '"title": "large"').count()).toBe(1);
    expect(tab.errors).toEqual([]);
  });

  test("loads without errors", async () => {
    const tab = await openTab();
    await tab.login();
    await tab.showsRoom(room);
    expect(tab.errors).toEqual([]);
  });
});
