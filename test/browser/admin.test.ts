import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { ADMIN_TOKEN, startWorld, type World } from "../e2e/harness/world.ts";
import { newcomer, type Scene, says } from "../e2e/scene.ts";
import { browserOrSay, launch } from "./browser.ts";

/** The maintainers' page of the real Worker, used as a maintainer would: keyboard, phone, and while things happen. */

const executable = browserOrSay();
const PICTURES = process.env.PICTURES_DIR ?? join(tmpdir(), "turnkeeper-pictures");
const PHONE = { width: 360, height: 740 };
/** In everything that people and the model say here: none of it may stand on the page. */
const PERSON = "quokka";
const MODEL = "wombat";

describe.skipIf(executable === undefined)("the maintainers' page in a real browser", () => {
  let world: World;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    mkdirSync(PICTURES, { recursive: true });
    world = await startWorld();
    browser = await launch(executable ?? "");
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await world?.close();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1200, height: 900 } });
    page = await context.newPage();
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("dialog", (dialog) => void dialog.accept());
  });
  afterEach(async () => {
    const html = await page.content();
    await context.close();
    for (const secret of [ADMIN_TOKEN, ...world.keys]) expect(html).not.toContain(secret);
    // The form is a 401, which a browser reports as an error of its own.
    expect(complaints.splice(0).filter((line) => !line.includes("401"))).toEqual([]);
  });

  async function signIn(path = "/admin"): Promise<void> {
    await page.goto(`${world.worker.url}/admin`);
    await page.getByLabel("Admin token").waitFor();
    await page.keyboard.type(ADMIN_TOKEN);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "Sessions" }).waitFor();
    if (path !== "/admin") await page.goto(world.worker.url + path);
    await page.waitForSelector("body[data-live]");
  }

  /** Somebody whose turn is on, until it is released. */
  async function busy(): Promise<{ scene: Scene; release: () => void }> {
    const scene = newcomer(world);
    const words = `${PERSON} ${scene.chatId}`;
    const held = world.model.hold({ text: `${MODEL} answer` }, says(words));
    await scene.tell(words);
    await scene.request(words);
    return { scene, release: () => held.release() };
  }

  const row = (scene: Scene) => page.getByRole("row", { name: new RegExp(`${scene.session}\\b`) }).first();

  test("a wrong token shows nothing; the right one, typed on the keyboard, everything", async () => {
    await page.goto(`${world.worker.url}/admin`);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("token");
    await page.keyboard.type("wrong");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").getByText("That is not the token.").waitFor();
    expect(await page.getByRole("table").count()).toBe(0);
    await signIn();
    await page.getByRole("heading", { name: "Credentials" }).waitFor();
    const cookies = await context.cookies();
    expect(cookies).toMatchObject([{ httpOnly: true, sameSite: "Strict" }]);
    expect(cookies[0]?.value).not.toContain(ADMIN_TOKEN);
  });

  test("what happens is seen without a reload: a run begins, is stopped by its button, and ends", async () => {
    await signIn();
    await page.getByText("As a table").click();
    const { scene, release } = await busy();
    await row(scene).getByText("running", { exact: true }).waitFor({ timeout: 30_000 });
    await row(scene)
      .getByRole("button", { name: `Stop ${scene.session}` })
      .click();
    await page.getByRole("status").getByText(`${scene.session}: stopped.`).waitFor();
    await row(scene).getByText("idle", { exact: true }).waitFor({ timeout: 30_000 });
    await scene.hears("Stopped");
    expect((await scene.finished()).outcome).toBe("stopped");
    // What was unfolded stays so while its part is replaced, and counts the turn.
    await page.getByRole("cell", { name: /stopped 1/ }).waitFor({ timeout: 30_000 });
    release();
    expect(await page.content()).not.toMatch(new RegExp(`${PERSON}|${MODEL}`));
  });

  test("a session's journal tells its story, and its words are shown only when asked for", async () => {
    const { scene, release } = await busy();
    release();
    await scene.hears(`${MODEL} answer`);
    await scene.finished();
    await signIn();
    await page.getByRole("link", { name: scene.session, exact: true }).first().click();
    const story = page.locator("ol.story");
    await story.getByText("answered", { exact: true }).waitFor();
    await story.getByText("received", { exact: true }).waitFor();
    expect(await page.content()).not.toMatch(new RegExp(`${PERSON}|${MODEL}`));
    await page.getByRole("button", { name: "Show what was said" }).click();
    await page.locator("#transcript").getByText(MODEL).waitFor();
    await page.locator("#transcript").getByText(PERSON).first().waitFor();
    await page.getByRole("button", { name: "Reset" }).click();
    await page.getByRole("status").getByText("a new epoch has begun").waitFor();
    await story.getByText("resetAsked", { exact: true }).waitFor({ timeout: 30_000 });
  });

  test("a key that rests counts down, and is lifted by its button; the turn that waited for it is answered", async () => {
    for (const key of world.keys) world.model.door({ kind: "rate_limited", retryAfterSeconds: 90 }, key);
    const scene = newcomer(world);
    await scene.tell(`${PERSON} dry`);
    await signIn();
    await row(scene).getByText("waiting", { exact: true }).waitFor({ timeout: 30_000 });
    const pools = page.getByRole("table").filter({ hasText: "openai" });
    await pools.getByText("0 of 2 ready").waitFor({ timeout: 30_000 });
    const left = pools.locator("time[data-until]").first();
    const before = await left.textContent();
    await expect.poll(() => left.textContent(), { timeout: 5_000 }).not.toBe(before);
    await page.screenshot({ path: join(PICTURES, "admin-waiting.png"), fullPage: true });
    for (const key of world.keys) world.model.door({ kind: "open" }, key);
    // By the keyboard: the button is reached, says what it lifts, and keeps the focus.
    await pools.getByRole("button", { name: "Lift all of openai" }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("status").getByText("all credentials are ready").waitFor();
    await scene.finished();
    await pools.getByText("2 of 2 ready").waitFor({ timeout: 30_000 });
  });

  test("it fits a phone: nothing is wider than the screen", async () => {
    await page.setViewportSize(PHONE);
    const { scene, release } = await busy();
    await signIn(`/admin?session=${encodeURIComponent(scene.session)}`);
    await row(scene).waitFor();
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width).toBeLessThanOrEqual(PHONE.width);
    await page.screenshot({ path: join(PICTURES, "admin-phone.png"), fullPage: true });
    release();
    await scene.finished();
  });

  test("it can be read dark, and by the keyboard alone", async () => {
    await page.emulateMedia({ colorScheme: "dark" });
    await signIn();
    await page.keyboard.press("Tab");
    await page.getByRole("link", { name: "Skip to the sessions" }).waitFor();
    await page.screenshot({ path: join(PICTURES, "admin-dark.png"), fullPage: true });
    const outline = await page.evaluate(() => {
      const focused = document.activeElement;
      return focused ? getComputedStyle(focused).outlineStyle : "none";
    });
    expect(outline).not.toBe("none");
  });

  test("signing out shows the form again", async () => {
    await signIn();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Admin token").waitFor();
    expect(await context.cookies()).toEqual([]);
  });
});
