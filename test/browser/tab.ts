import type { BrowserContext, Locator, Page } from "playwright-core";
import type { LoginPolicy } from "../../protocol/ids.ts";

/** A browser tab with the console, operated by the labels that a user sees. */
export class Tab {
  readonly page: Page;
  /** Uncaught errors of the page, and errors on the browser's console. */
  readonly errors: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("pageerror", (error) => this.errors.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error") this.errors.push(message.text());
    });
  }

  static async open(context: BrowserContext, consoleUrl: string, room: string, policy?: LoginPolicy): Promise<Tab> {
    const tab = new Tab(await context.newPage());
    await tab.page.goto(`${consoleUrl}?${new URLSearchParams({ room, ...(policy && { policy }) })}`);
    return tab;
  }

  async login(): Promise<void> {
    await this.page.getByRole("button", { name: "Log in" }).click();
  }

  async choose(policy: "First stays" | "Last stays" | "All stay"): Promise<void> {
    await this.page.getByRole("radio", { name: policy }).check();
  }

  async push(to: "A room" | "A user" | "Everyone", eventName: string, dataText: string): Promise<void> {
    const form = this.page.getByRole("region", { name: "Push" });
    await form.getByRole("radio", { name: to }).check();
    await form.getByLabel("Event name").fill(eventName);
    await form.getByLabel("Data").fill(dataText);
    await form.getByRole("button", { name: "Push" }).click();
  }

  /** Waits until the push form shows a response with this code. */
  async showsResponse(code: string): Promise<void> {
    await this.page.getByRole("region", { name: "Push" }).getByRole("status").getByText(code).waitFor();
  }

  /** Waits until the log shows the event. */
  async receives(eventName: string, data: string): Promise<void> {
    await this.arrived(eventName, data).first().waitFor();
  }

  arrived(eventName: string, data: string): Locator {
    const rows = this.page.getByRole("log").getByRole("listitem");
    return rows.filter({ has: this.page.getByText(eventName, { exact: true }) }).filter({ hasText: data });
  }

  /** Waits until the list of joined rooms contains this room, or no longer contains it. */
  async showsRoom(room: string, state: "visible" | "detached" = "visible"): Promise<void> {
    await this.page.getByRole("button", { name: `Leave room ${room}` }).waitFor({ state });
  }

  async showsLink(text: string): Promise<void> {
    await this.page.getByRole("status").getByText(text, { exact: true }).waitFor();
  }
}
