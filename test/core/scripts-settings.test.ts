import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addressOfWebhook, sessionKeyOf, withChatsAsKeys } from "../../scripts/admin-client.ts";
import { readVars, secretsOf } from "../../scripts/local-settings.ts";
import { merged, putSettings } from "../../scripts/setup/dev-vars.ts";
import { without } from "../../scripts/terminal.ts";
import { addressIn } from "../../scripts/wrangler-cli.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "turnkeeper-settings-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("writing settings into .dev.vars", () => {
  it("changes what is to be changed and keeps comments, order and the rest", () => {
    const before = "# mine\nMODEL=openai/old # why\n\nexport OWNERS=1\nPERSONA='two\nlines'\n";
    const after = merged(before, { MODEL: "openai/new", OWNERS: "1", ADMIN_TOKEN: "t" });
    expect(after).toBe("# mine\nMODEL=openai/new\n\nexport OWNERS=1\nPERSONA='two\nlines'\nADMIN_TOKEN=t\n");
  });

  it("writes a value that stood over several lines as one, and a name that stood twice twice", () => {
    expect(merged("A='x\ny'\nB=1\nB=2", { A: "z", B: "3" })).toBe("A=z\nB=3\nB=3\n");
  });

  it("is for its owner's eyes only, though the file was not", () => {
    const path = join(directory, ".dev.vars");
    writeFileSync(path, "A=1\n", { mode: 0o644 });
    putSettings(path, { MCP_SERVERS: '[{"name":"docs","url":"https://x/y"}]', EMPTY: "" });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(parseEnv(readFileSync(path, "utf8"))).toEqual({
      A: "1",
      MCP_SERVERS: '[{"name":"docs","url":"https://x/y"}]',
      EMPTY: "",
    });
  });

  it("leaves the file alone when a value cannot stand in it", () => {
    const path = join(directory, ".dev.vars");
    writeFileSync(path, "A='never closed\nB=1\n");
    expect(() => putSettings(path, { B: `'"\`` })).toThrow("B cannot be written into an env file");
    expect(readFileSync(path, "utf8")).toBe("A='never closed\nB=1\n");
    putSettings(path, { B: "2" });
    expect(readFileSync(path, "utf8")).toBe("A='never closed\nB=2\n");
  });
});

describe("what is known here", () => {
  it("reads the vars of wrangler.toml, and of no other table", () => {
    const path = join(directory, "wrangler.toml");
    writeFileSync(
      path,
      'name = "x"\n[vars]\nMODEL = "openai/a" # c\n"OWNERS" = \'1,2\'\nMAX_STEPS = 5\n[env.dev.vars]\nMODEL = "no"\n[[kv]]\nA = "b"\n',
    );
    expect(readVars(path)).toEqual({ MODEL: "openai/a", OWNERS: "1,2", MAX_STEPS: "5" });
  });

  it("takes every secret out of what is shown, each key of a list, too", () => {
    const secrets = secretsOf({
      TELEGRAM_BOT_TOKEN: "1:token-x",
      OPENAI_API_KEYS: "sk-one-long, sk-two-long",
      MODEL: "openai/m",
    });
    expect(without(secrets, "bot1:token-x sk-two-long openai/m")).toBe("bot… … openai/m");
  });
});

describe("where the bot is", () => {
  it.each([
    [["https://turnkeeper.me.workers.dev"], "https://turnkeeper.me.workers.dev"],
    [["https://turnkeeper.me.workers.dev", "bot.example.com (custom domain)"], "https://bot.example.com"],
    [["example.com/* (zone name: example.com)"], undefined],
    [["schedule: * * * * *"], undefined],
    [[], undefined],
  ])("is found in %j", (targets, address) => {
    expect(addressIn(targets)).toBe(address);
  });

  it("is what Telegram's webhook says, if that is ours", () => {
    expect(addressOfWebhook("https://a.b/c/telegram/webhook")).toBe("https://a.b/c");
    expect(addressOfWebhook("https://a.b/hook")).toBeUndefined();
    expect(addressOfWebhook("")).toBeUndefined();
  });

  it("takes a chat's id for its session, of a group as well, and refuses what is none", () => {
    expect(withChatsAsKeys(["-100200", "--url", "x"])).toEqual(["telegram:-100200", "--url", "x"]);
    expect(sessionKeyOf("1001")).toBe("telegram:1001");
    expect(sessionKeyOf("telegram:-1:topic:7")).toBe("telegram:-1:topic:7");
    expect(() => sessionKeyOf("../x")).toThrow("is no session");
  });
});

describe("the Deploy button's data", () => {
  const example = readFileSync(join(import.meta.dirname, "../../.dev.vars.example"), "utf8");
  const { cloudflare, scripts } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));

  it("describes every secret that .dev.vars.example asks for, and no other", () => {
    expect(Object.keys(cloudflare.bindings).sort()).toEqual(Object.keys(parseEnv(example)).sort());
    for (const { description } of Object.values<{ description: string }>(cloudflare.bindings)) {
      expect(description.length).toBeGreaterThan(20);
    }
  });

  it("has a build and a deploy, which the button runs, and the commands that the help names", () => {
    expect(Object.keys(scripts)).toEqual(
      expect.arrayContaining(["build", "deploy", "setup", "doctor", "tail", "why", "replay", "journal"]),
    );
  });
});
