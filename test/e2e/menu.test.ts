import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADA } from "../../playground/telegram/cast.ts";
import { LANGUAGES } from "../../src/words/words.ts";
import { startWorld, type World } from "./harness/world.ts";
import { newcomer, Scene, says } from "./scene.ts";

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.close());

interface MenuLine {
  readonly command: string;
  readonly description: string;
}

function menu(scope: string, language = ""): readonly MenuLine[] {
  const [type = "", chat = ""] = scope.split("/");
  const lines = world.telegram.office.settings.commands.get([type, chat, "", language].join(":"));
  if (!lines) throw new Error(`no menu for ${scope} ${language}`);
  return lines as readonly MenuLine[];
}

const names = (lines: readonly MenuLine[]): string[] => lines.map(({ command }) => command);

describe("POST /admin/webhook", () => {
  it("registers the webhook with its secret and exactly the updates that are handled, and drops nothing", async () => {
    const one = newcomer(world);
    const response = await world.worker.admin("/webhook", { method: "POST", body: { url: `${world.worker.url}/` } });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ ok: true, url: `${world.worker.url}/telegram/webhook` });
    const info = world.telegram.updates.info();
    expect(info.url).toBe(`${world.worker.url}/telegram/webhook`);
    expect(info.allowed_updates).toEqual([
      "message",
      "edited_message",
      "callback_query",
      "my_chat_member",
      "stopped_message_generation",
    ]);
    expect(world.telegram.callsOf("setWebhook").at(-1)?.values.drop_pending_updates).toBe(false);
    world.model.next({ text: "it is delivered" }, says("over the new webhook"));
    await one.tell("over the new webhook");
    await one.hears("it is delivered");
  });

  it("sets a menu for private chats, groups and owners, in every language the bot speaks", () => {
    const [everybody, groups, owners] = [menu("all_private_chats"), menu("all_group_chats"), menu(`chat/${ADA.id}`)];
    for (const name of ["new", "stop", "status", "memory", "summarize", "cc"]) expect(names(everybody)).toContain(name);
    expect(names(groups)).toContain("stop");
    expect(names(groups)).not.toContain("memory");
    expect(names(owners)).toContain("pool");
    for (const lines of [everybody, groups]) expect(names(lines)).not.toContain("pool");
    expect(menu("default").length).toBeGreaterThan(5);
    expect(LANGUAGES.length).toBeGreaterThanOrEqual(7);
    const english = everybody.find(({ command }) => command === "stop")?.description;
    for (const language of LANGUAGES.filter((code) => code !== "en")) {
      const lines = menu("all_private_chats", language);
      expect(names(lines)).toEqual(names(everybody));
      expect(lines.find(({ command }) => command === "stop")?.description).not.toBe(english);
    }
    const refused = world.telegram.calls.filter(({ outcome }) => outcome?.ok === false);
    expect(refused.map(({ method, outcome }) => [method, outcome])).toEqual([]);
  });

  it("offers nothing that is not understood", async () => {
    const owner = new Scene(world, ADA);
    for (const { command } of menu(`chat/${ADA.id}`)) {
      if (["stop", "new", "cc", "compact", "forget", "summarize", "translate", "remind"].includes(command)) continue;
      await owner.tell(`/${command}`);
    }
    // So many answers in one chat come at Telegram's pace.
    const said = owner.said.length;
    await owner.tell("/status once more");
    await owner.hears("Idle", { times: 2, timeoutMs: 60_000 });
    expect(owner.said.length).toBeGreaterThan(said);
    expect(owner.count("There is no command")).toBe(0);
    expect(owner.logs("run.started")).toEqual([]);
  });

  it("speaks the person's language, and English where it has none", async () => {
    for (const [code, words] of [
      ["de-AT", "Hier läuft"],
      ["uk", "Тут зараз нічого"],
      ["fr", "Nothing is running"],
    ] as const) {
      const one = newcomer(world);
      const user = { ...one.user, language_code: code };
      await one.tell("/stop", { from: user });
      await one.hears(words);
    }
  });

  it("names what is wrong with a URL that Telegram does not take, and with none", async () => {
    const wrong = await world.worker.admin("/webhook", { method: "POST", body: { url: "http://example.com" } });
    expect(wrong.status).toBeGreaterThanOrEqual(400);
    expect(await wrong.text()).toMatch(/https/i);
    const none = await world.worker.admin("/webhook", { method: "POST", body: {} });
    expect(none.status).toBe(400);
  });
});
