import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { freePort } from "../../playground/listen.ts";
import { Program } from "../e2e/harness/program.ts";
import { browserOrSay, launch } from "./browser.ts";

const executable = browserOrSay();

describe.skipIf(executable === undefined)("the playground in a real browser", () => {
  const directory = mkdtempSync(join(tmpdir(), "turnkeeper-browser-"));
  let program: Program;
  let browser: Browser;
  let page: Page;
  let url: string;
  const complaints: string[] = [];

  beforeAll(async () => {
    program = new Program("scripts/start.mjs", [], { PLAYGROUND_DIR: directory, PORT: String(await freePort()) });
    [, url = ""] = await program.line(/ready: (\S+)$/);
    browser = await launch(executable ?? "");
  });
  afterAll(async () => {
    await browser?.close();
    await program?.interrupt();
    rmSync(directory, { recursive: true, force: true });
  });
  beforeEach(async () => {
    page = await browser.newPage({ viewport: { width: 1360, height: 860 } });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    await page.goto(url);
    await page.waitForSelector("body[data-ready]");
    // Whatever the test before came to.
    await page.getByLabel("The model").selectOption("normal");
  });
  afterEach(async () => {
    await page.close();
    expect(complaints.splice(0)).toEqual([]);
  });

  async function say(text: string): Promise<void> {
    await page.getByLabel("Message", { exact: true }).fill(text);
    await page.keyboard.press("Enter");
  }

  const bubble = (text: string | RegExp) => page.locator(".message.theirs .body").filter({ hasText: text });

  const stop = () => page.getByRole("button", { name: "⏹ Stop" });

  test("a message is answered, and the answer is seen to grow", async () => {
    await say("Write a table");
    const answer = bubble("Here is one, of things that turn");
    await answer.waitFor();
    await page.locator(".message.theirs table").getByText("a zombie").waitFor();
    await page.locator(".message.theirs", { hasText: "of things that turn" }).getByText("edited").waitFor();
    await page.locator("#log").getByText("run.finished").first().waitFor();
    // The last edit takes the button away.
    await stop().waitFor({ state: "hidden" });
    // The README's picture: PICTURES_DIR=docs npx vitest run --project browser test/browser/playground.test.ts
    if (process.env.PICTURES_DIR) await page.screenshot({ path: join(process.env.PICTURES_DIR, "playground.png") });
  });

  test("Stop ends a slow answer, and nothing moves under the finger that presses it", async () => {
    await page.getByLabel("The model").selectOption("slow");
    await say("Write a very long answer");
    await stop().hover();
    await page.mouse.down();
    const elsewhere = await browser.newPage();
    await elsewhere.goto(url);
    const words = () => elsewhere.locator(".message.theirs .body").last().textContent();
    const known = await words();
    await expect.poll(words, { timeout: 30_000 }).not.toBe(known);
    await elsewhere.close();
    await page.mouse.up();
    await page.locator("#log li", { hasText: "outcome=stopped" }).waitFor();
    await page.getByLabel("The model").selectOption("normal");
    await say("And now something short");
    await bubble("And now something short").waitFor();
  });

  test("a topic is a conversation of its own", async () => {
    await page
      .getByRole("navigation", { name: "Chats" })
      .getByRole("button", { name: /Garden/ })
      .click();
    await say("@turnkeeper_bot roses?");
    await bubble(/first in this conversation/).waitFor();
  });

  test("a file is answered as a reply to its name", async () => {
    const file = { name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("a line") };
    await page.locator("#file").setInputFiles(file);
    await page.locator(".message.theirs .reply").getByText("notes.txt").waitFor();
  });

  test("what is offered to be said in a group is said to the bot", async () => {
    await page.getByRole("navigation", { name: "Chats" }).getByRole("button", { name: /Boat/ }).click();
    await page.getByText("In a group the bot answers to its name").waitFor();
    await page.getByRole("button", { name: "What time is it?" }).click();
    await page.keyboard.press("Enter");
    await page.locator(".message.theirs").first().waitFor();
  });

  test("a killed Worker answers after its start what was written while it was dead", async () => {
    await page.getByRole("button", { name: "kill -9 the Worker" }).click();
    await page.getByText("killed", { exact: true }).waitFor();
    await say("Can you hear me?");
    await page.getByRole("button", { name: "Start it again" }).click();
    await bubble("Can you hear me?").waitFor();
  });

  test("the zombie race is run to its end, and the session lives", async () => {
    await page.getByRole("button", { name: "The zombie race" }).click();
    await page.locator("#race-verdict:not(:empty)").waitFor({ timeout: 110_000 });
    const steps = await page.locator("#race-steps li").allInnerTexts();
    expect(await page.locator("#race-verdict").textContent(), steps.join("\n")).toBe("The session lives.");
    expect(await page.locator('#race-steps li[data-state="done"]').count()).toBe(8);
    const log = await page.locator("#log").evaluate((one) => one.scrollHeight - one.scrollTop - one.clientHeight);
    expect(log, "the end of the log is out of sight").toBeLessThan(60);
  }, 120_000);

  test("fits a phone: one part at a time, reached by its tabs", async () => {
    await page.setViewportSize({ width: 360, height: 720 });
    await page.getByRole("button", { name: "Chats" }).click();
    await page.getByRole("button", { name: /Grace Hopper/ }).click();
    await page.getByRole("heading", { name: "Grace Hopper" }).waitFor();
    const sideways = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(sideways).toBe(false);
    await page.getByRole("button", { name: "Stage & log" }).click();
    await page.getByRole("heading", { name: "Stage" }).waitFor();
  });

  // The last one: it ends the playground.
  test("what is written to a playground that has ended is kept, and the person is told", async () => {
    await program.interrupt();
    await say("Is anybody there?");
    await page.getByText("The playground is not running any more").waitFor();
    expect(await page.getByLabel("Message", { exact: true }).inputValue()).toBe("Is anybody there?");
    await page.close();
    // The browser's own, of requests that nobody answers.
    expect(complaints.splice(0).filter((line) => !/^Failed to load resource/.test(line))).toEqual([]);
  });
});
