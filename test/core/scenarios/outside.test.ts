import { describe, expect, it } from "vitest";
import { describeProblem, readSettings } from "../../../src/config.ts";
import { poolWords } from "../../../src/session/pool-words.ts";
import { Stage } from "../harness/session.ts";
import { mcpServer } from "../mcp-server.ts";

/** What a tester found who knew nothing but the contract. */

function settingsWith(more: Record<string, unknown>) {
  return readSettings({
    TELEGRAM_BOT_TOKEN: "1:token",
    TELEGRAM_WEBHOOK_SECRET: "secret",
    OPENAI_API_KEYS: "sk-A",
    ...more,
  });
}

describe("a provider of a name with a dash", () => {
  it("is the one whose settings are written with an underscore", () => {
    const settings = settingsWith({
      MODEL: "my-llm/some/model:free",
      FALLBACK_MODELS: "my_llm/other",
      MY_LLM_BASE_URL: "http://127.0.0.1:9/v1",
      MY_LLM_API_KEY: "k",
    });
    expect(settings.problems).toEqual([]);
    expect(settings.models).toEqual([
      { provider: "my_llm", model: "some/model:free" },
      { provider: "my_llm", model: "other" },
    ]);
    expect(settings.providers.get("my_llm")?.keys).toEqual([{ key: "k" }]);
  });
});

describe("a provider's settings", () => {
  const wrong = ({ problems }: ReturnType<typeof settingsWith>) => problems.map(({ name, missing }) => [name, missing]);

  it("need no key where the base URL is one's own", () => {
    const settings = settingsWith({ MODEL: "local/m", LOCAL_BASE_URL: "http://127.0.0.1:9/v1" });
    expect(settings.problems).toEqual([]);
    expect(settings.providers.get("local")?.keys).toEqual([{ key: "" }]);
  });

  it.each(["nonsense", "ftp://x/v1", "https://x/v1?a=1", "https://x/v1/chat/completions", "https://x/v1/messages/"])(
    "name a base URL such as %s once, and send nothing of it to the provider's own host",
    (url) => {
      const settings = settingsWith({
        MODEL: "openai/m",
        FALLBACK_MODELS: "openai/n,mine/m",
        OPENAI_BASE_URL: url,
        MINE_BASE_URL: url,
        MINE_API_KEYS: "k",
      });
      expect(wrong(settings)).toEqual([
        ["OPENAI_BASE_URL", false],
        ["MINE_BASE_URL", false],
      ]);
      expect(settings.providers.get("openai")?.keys).toEqual([]);
    },
  );

  it("take keys as they are pasted, and name those that fit into no header", () => {
    const settings = settingsWith({
      MODEL: "groq/m",
      OPENAI_API_KEYS: `"sk-1@büro",\n'sk-2'\tsk-1`,
      GROQ_API_KEYS: "“gsk-1”",
      XAI_API_KEYS: "xai-1 xai-\u00012",
    });
    expect(wrong(settings)).toEqual([
      ["GROQ_API_KEYS", false],
      ["XAI_API_KEYS", false],
    ]);
    expect(settings.providers.get("openai")?.keys).toEqual([{ key: "sk-1", account: "büro" }, { key: "sk-2" }]);
    expect(settings.providers.get("groq")?.keys).toEqual([]);
    expect(settings.providers.get("xai")?.keys).toEqual([{ key: "xai-1" }]);
  });

  it("with several mistakes are named once each", () => {
    const settings = settingsWith({
      MODEL: "gpt 5",
      FALLBACK_MODELS: "a, b",
      OWNERS: "@ada @bob",
      ALLOWED_USERS: "x,y",
    });
    expect(wrong(settings)).toEqual(
      ["MODEL", "FALLBACK_MODELS", "ALLOWED_USERS", "OWNERS"].map((name) => [name, false]),
    );
  });

  it("that are missing are named once, however many models need them", () => {
    const models = { MODEL: "groq/m", FALLBACK_MODELS: "groq/n,far/m,far/n", TRANSCRIPTION_MODEL: "ear/m" };
    expect(wrong(settingsWith(models))).toEqual([
      ["GROQ_API_KEYS", true],
      ["FAR_BASE_URL", true],
      ["EAR_BASE_URL", true],
    ]);
  });
});

describe("settings as a newcomer writes them", () => {
  const said = (more: Record<string, unknown>) => settingsWith(more).problems.map(describeProblem);

  it("may be any JSON of wrangler.toml: it is used or named, never passed over", () => {
    const { mcpServers, owners, richMessages, problems } = settingsWith({
      MCP_SERVERS: [{ name: "docs", url: "https://docs.test/mcp" }],
      OWNERS: 1001,
      RICH_MESSAGES: false,
      ALLOWED_USERS: [1, 2],
    });
    expect({ mcpServers, owners, richMessages }).toEqual({
      mcpServers: [{ name: "docs", url: "https://docs.test/mcp" }],
      owners: [1001],
      richMessages: true,
    });
    expect(problems.map(({ name }) => name)).toEqual(["ALLOWED_USERS", "RICH_MESSAGES"]);
    const { providers } = settingsWith({ GROQ_API_KEYS: ["gsk-1", "gsk-2"], XAI_API_KEYS: '["xai-1", "xai-2"]' });
    expect(providers.get("groq")?.keys).toEqual([{ key: "gsk-1" }, { key: "gsk-2" }]);
    expect(providers.get("xai")?.keys).toEqual([{ key: "xai-1" }, { key: "xai-2" }]);
  });

  it("name a second MODEL, and use the first", () => {
    expect(settingsWith({ MODEL: "openai/a, openai/b" }).models).toEqual([{ provider: "openai", model: "a" }]);
    expect(said({ MODEL: "openai/a, openai/b" })).toEqual([
      "MODEL cannot be used: expected one provider/model, such as openai/gpt-5-mini.",
    ]);
  });

  it("name what the model that hears voice messages lacks, and a provider that hears none", () => {
    expect(said({ TRANSCRIPTION_MODEL: "groq/whisper" })[0]).toMatch(/^GROQ_API_KEYS is not set/);
    expect(said({ TRANSCRIPTION_MODEL: "whisper" })).toEqual([
      "TRANSCRIPTION_MODEL cannot be used: expected provider/model, such as openai/gpt-4o-mini-transcribe.",
    ]);
    const google = { TRANSCRIPTION_MODEL: "google/m" };
    expect(settingsWith(google).transcriptionModel).toBeUndefined();
    expect(said(google)).toEqual([expect.stringMatching(/^TRANSCRIPTION_MODEL cannot be used/)]);
  });

  it("name the binding that workersai needs", () => {
    expect(said({ MODEL: "workersai/m" })).toEqual([
      "AI is not set: expected the binding of Workers AI in wrangler.toml.",
    ]);
    expect(said({ MODEL: "workersai/m", AI: {} })).toEqual([]);
  });

  it("name a token or a key that fits into no header, each for what it is", () => {
    const expected = "cannot be used: expected characters of ASCII, for it goes into a header.";
    expect(said({ ADMIN_TOKEN: "paßwort" })).toEqual([`ADMIN_TOKEN ${expected}`]);
    expect(said({ BRAVE_API_KEY: "schlüssel" })).toEqual([`BRAVE_API_KEY ${expected}`]);
  });

  it("name a tool server's header that cannot be sent, and a host that is none", () => {
    const headers = { "x key": "k" };
    const more = {
      MCP_SERVERS: [{ name: "docs", url: "https://docs.test", headers }],
      FETCH_ALLOW_HOSTS: "http://localhost:8080/",
    };
    expect(settingsWith(more).problems.map(({ name }) => name)).toEqual(["MCP_SERVERS", "FETCH_ALLOW_HOSTS"]);
    expect(settingsWith({ FETCH_ALLOW_HOSTS: "Localhost:8080, ::1" }).fetchAllowHosts).toEqual([
      "localhost:8080",
      "::1",
    ]);
  });

  it("offer no search where its address cannot be used", () => {
    expect(settingsWith({ SEARXNG_URL: "search.test" }).search).toBeUndefined();
    expect(said({ SEARXNG_URL: "search.test", TELEGRAM_API_ROOT: "https://api.test/?a=1" })).toEqual([
      "SEARXNG_URL cannot be used: expected an http or https URL without a query.",
      "TELEGRAM_API_ROOT cannot be used: expected an http or https URL without a query.",
    ]);
  });
});

describe("a session that has had a command only", () => {
  it("was active when that came", async () => {
    const stage = new Stage();
    await stage.pass(60_000);
    const at = stage.now;
    await stage.write("/whoami");
    await stage.pass(5_000);
    expect(stage.shell.view(5).lastActiveAt).toBe(at);
  });
});

describe("/start", () => {
  it("tells an owner what the settings lack, and nobody else", async () => {
    const stage = new Stage({ MAX_STEPS: "none" });
    await stage.write("/start");
    await stage.hears("⚠️ MAX_STEPS cannot be used: expected a whole number from 1 to 1000.\n👋 Hello Ada!");
    await stage.write("/start", { from: 8 });
    await stage.hears("👋 Hello Ada!");
    await stage.until("it is said twice", () => stage.count("👋 Hello Ada!") === 2);
    expect(stage.count("MAX_STEPS")).toBe(1);
  });
});

describe("/pool of very many keys", () => {
  it("has no more buttons than Telegram takes, and one that lifts them all", () => {
    const credentials = Array.from({ length: 150 }, (_, index) => ({
      id: `key${index}`,
      state: "disabled" as const,
      until: null,
      reason: "auth",
      leases: 0,
      uses: 1,
      lastUsedAt: 0,
    }));
    const { keyboard } = poolWords([{ provider: "openai", credentials }], "en", 0, undefined);
    expect(keyboard.length).toBeLessThan(100);
    expect(keyboard.at(-1)).toEqual([expect.objectContaining({ callback_data: "lift:openai:*" })]);
  });
});

describe("/help", () => {
  it("names each command once, also where a skill has the name of one", async () => {
    const stage = new Stage();
    await stage.write("/help");
    await stage.hears("/remind");
    const help = stage.lines().find((line) => line.includes("/remind")) ?? "";
    const names = help.split("\n").flatMap((line) => /^\/(\w+)/.exec(line)?.[1] ?? []);
    expect(names).toContain("cc");
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
    // When the model is to use a skill is for the model to read.
    expect(help).toContain("/translate – Translates a text, keeping tone and formatting.\n");
  });
});

describe("what a model thinks aloud", () => {
  it("is sent back to DeepSeek with the calls it led to, also in later turns, and to nobody else", async () => {
    const stage = new Stage({ MODEL: "deepseek/deepseek-v4-pro", DEEPSEEK_API_KEYS: "sk-A" });
    const thoughtsIn = () =>
      stage.asked
        .at(-1)
        ?.body.messages.filter(({ role }) => role === "assistant")
        .map((message) => Reflect.get(message, "reasoning_content"));
    const call = { tools: [{ name: "now", args: {} }] };
    stage.next({ text: "hello", reasoning: "idle" }, { reasoning: "look it up", ...call }, call, {
      text: "noon",
      reasoning: "so it is",
    });
    await stage.exchange("hi");
    await stage.exchange("what time is it?");
    expect(thoughtsIn()).toEqual(["", "look it up", ""]);
    await stage.exchange("thanks");
    expect(thoughtsIn()).toEqual(["", "look it up", "", "so it is"]);
    await stage.write("/model openai/gpt-5-mini");
    await stage.exchange("and you?");
    expect(thoughtsIn()).toEqual(new Array(5).fill(undefined));
    expect(JSON.stringify(stage.asked.at(-1)?.body)).not.toContain("look it up");
  });
});

describe("a turn whose kept key has left the settings", () => {
  it("says that there is none, and not that a key was refused", async () => {
    const env = { OPENAI_API_KEYS: "sk-A" };
    const stage = new Stage(env);
    await stage.exchange("hello");
    env.OPENAI_API_KEYS = "";
    stage.crash();
    await stage.exchange("hello?");
    await stage.hears("This bot is not set up yet: OPENAI_API_KEYS is not set");
    expect(stage.logs("run.finished").map(({ outcome }) => outcome)).toEqual(["answered", "failed"]);
  });
});

describe("what an owner is told of a pool", () => {
  it("says why and until when in the language and the time zone of the chat", async () => {
    const stage = new Stage();
    await stage.write("/timezone Asia/Tokyo");
    const untilAt = stage.now + 3_600_000;
    stage.shell.door.noteWhereabouts({ ...stage.shell.door.whereabouts, language: "de" });
    stage.shell.tell({ key: "pool_notice_dry", params: { provider: "openai" }, ofPool: { untilAt } });
    await stage.hears("in 60 min (22:00 GMT+9)");
    const params = { provider: "openai", id: "c1", reason: "auth" };
    stage.shell.tell({ key: "pool_notice_disabled", params, ofPool: { reason: "auth" } });
    await stage.hears("c1 ist aus: Schlüssel nicht angenommen");
  });
});

describe("an answer that its provider ends for its policy", () => {
  it("stands as far as it came, with a word that there was more", async () => {
    const stage = new Stage();
    stage.next({ text: "so far, and", finish: "content_filter" });
    await stage.write("tell me");
    await stage.hears("so far, and\n\n✂️ The provider ended the answer here");
  });
});

describe("a model that says nothing after its tools", () => {
  it("has said what stood before them, and no later turn is sent a message without words", async () => {
    const stage = new Stage();
    const silent = { text: "  " };
    stage.next({ text: "I look.", tools: [{ name: "now", args: {} }] }, silent, silent);
    await stage.exchange("what time is it?");
    await stage.hears("I look.");
    stage.next({ text: " ", tools: [{ name: "now", args: {} }] }, { text: "noon" });
    await stage.exchange("well?");
    const { messages } = stage.asked.at(-1)?.body ?? { messages: [] };
    expect(messages.map(({ role, content }) => [role, role === "assistant" ? content : ""])).toEqual([
      ["system", ""],
      ["user", ""],
      ["assistant", "I look."],
      ["tool", ""],
      ["assistant", "[nothing more was said]"],
      ["user", ""],
      ["assistant", null],
      ["tool", ""],
    ]);
  });
});

describe("the message of a question that is over", () => {
  const asksWhich = { tools: [{ name: "ask", args: { question: "Which?", options: ["this", "that"] } }] };
  const questionsIn = (stage: Stage) => [...stage.chat].filter(([, { text }]) => text.includes("Which?"));

  it("says so and has no buttons, also where it comes when nobody waits for it any more", async () => {
    const stage = new Stage({ ASK_TIMEOUT_SECONDS: "5" });
    stage.next(asksWhich, { text: "went on" });
    stage.refuse(/^send/, { kind: "flood", retryAfterMs: 20_000 });
    await stage.write("decide");
    await stage.pass(60_000);
    await stage.hears("went on");
    expect(questionsIn(stage).map(([, { text, keyboard }]) => ({ text, keyboard }))).toEqual([
      { text: "❓ Which?\n⌛ (no longer open)", keyboard: undefined },
    ]);
  });

  it("says so wherever it stands, where its process died before Telegram's answer was known", async () => {
    const stage = new Stage();
    stage.next(asksWhich, { text: "went on" });
    stage.refuse(/^send/, { kind: "unavailable", maybeAccepted: true });
    await stage.write("decide");
    stage.chat.set(5, { text: "❓ Which?", replyTo: undefined, keyboard: "as it stood" });
    const question = stage.shell.door.session.turn;
    const id = question.phase === "waiting" ? question.question : "";
    await stage.press(`ask:${id}:1`, 5);
    await stage.hears("went on");
    await stage.pass(60_000);
    expect(questionsIn(stage)).toHaveLength(2);
    for (const [, { text, keyboard }] of questionsIn(stage)) {
      expect(text).toContain("❓ Which?\n➡️ that");
      expect(keyboard).toBeUndefined();
    }
  });
});

describe("a reply to a question", () => {
  it("answers it, also before Telegram has said under which id the question stands", async () => {
    const stage = new Stage();
    stage.next(
      { tools: [{ name: "ask", args: { question: "Which?", options: ["this", "that"] } }] },
      { text: "went on" },
    );
    stage.refuse(/^send/, { kind: "unavailable", maybeAccepted: true });
    const asked = await stage.write("decide");
    const earlier = { messageId: asked.message.messageId - 1, from: "Keeper", fromId: 1, text: "before" };
    await stage.write("about something else", { reply: earlier });
    expect(stage.phase).toBe("waiting");
    await stage.write("neither", { reply: { ...earlier, messageId: asked.message.messageId + 1, text: "Which?" } });
    await stage.hears("went on");
    expect(JSON.stringify(stage.asked.at(-1)?.body.messages ?? stage.asked)).toContain("neither");
  });
});

describe("a SKILL.md", () => {
  it("whose file never comes holds its chat up for twenty seconds, and that is said", async () => {
    const stage = new Stage();
    let askedAt = 0;
    stage.web = (_url, init) =>
      new Promise((_resolve, reject) => {
        askedAt = stage.now;
        init?.signal?.addEventListener("abort", () => reject(new DOMException("It took too long", "AbortError")));
      });
    const file = { kind: "document" as const, fileId: "f", uniqueId: "u", name: "SKILL.md" };
    let isTaken = false;
    void stage.shell.accept(stage.message("", { attachments: [file] })).then(() => {
      isTaken = true;
    });
    await stage.until("the file is asked for", () => askedAt > 0);
    await stage.pass(askedAt + 19_000 - stage.now);
    expect(isTaken).toBe(false);
    await stage.pass(2_000);
    expect(isTaken).toBe(true);
    await stage.hears("could not be fetched from Telegram");
  });
});

describe("a name that looks like markup", () => {
  it("stands as it is in what the bot says", async () => {
    const stage = new Stage();
    const odd = "*Ada* `L`";
    for (const command of ["/start", "/whoami"]) {
      const inbound = stage.message(command);
      await stage.shell.accept({ ...inbound, from: { ...inbound.from, name: odd } });
    }
    await stage.hears("session");
    expect(stage.count(odd)).toBe(2);
  });
});

describe("an answer of nothing that is seen", () => {
  it.each(["\u200b", "\u2800\n", " \ud800"])("is an empty one, and is told as such: %j", async (text) => {
    const stage = new Stage();
    stage.next({ text }, { text });
    await stage.exchange("hello");
    await stage.hears("answered with nothing");
  });
});

describe("a draft's own stop button", () => {
  it("ends the run whose draft it is, and no later one", async () => {
    const stage = new Stage({ STREAM: "draft" });
    const text = "a long answer that is seen to grow, word by word";
    stage.next({ text, stopsAfterHalf: true }, { text, stopsAfterHalf: true });
    const drafts = () => stage.calls.filter(({ method }) => method === "sendRichMessageDraft");
    const draftId = () => Number(drafts().at(-1)?.payload.draft_id);
    const { place, from } = stage.message("");
    const stop = (update: number, id: number) =>
      stage.shell.accept({ kind: "draft_stopped", update, place, from, draftId: id });

    await stage.write("first");
    await stage.until("a draft is seen", () => drafts().length > 0);
    const first = draftId();
    await stop(901, first);
    await stage.hears("Stopped");
    await stage.write("second");
    await stage.until("another draft is seen", () => drafts().length > 0 && draftId() !== first);
    await stage.write("third");
    await stop(902, first);
    expect(stage.logs("run.finished")).toHaveLength(1);
    await stop(903, draftId());
    await stage.hears("Waiting messages dropped: 1");
    expect(stage.logs("run.finished")).toHaveLength(2);
  });
});

describe("a tool server that is down", () => {
  it("is spoken of once, again when it lasts for an hour, and again when it was back in between", async () => {
    const stage = new Stage({ MCP_SERVERS: JSON.stringify([{ name: "small", url: "https://small.example/mcp" }]) });
    const server = mcpServer({ tools: [{ name: "echo", inputSchema: { type: "object" } }] });
    let isDown = true;
    stage.web = async (url, init) =>
      isDown ? new Response("down", { status: 503 }) : server.answer(new Request(url, init));
    /** How often it was said in all, once this is answered. */
    const toldAfter = async (words: string): Promise<number> => {
      await stage.exchange(words);
      await stage.pass(10_000);
      return stage.count("The tool server small does not answer");
    };
    expect(await toldAfter("one")).toBe(1);
    expect(await toldAfter("two")).toBe(1);
    await stage.pass(3_600_000);
    expect(await toldAfter("three")).toBe(2);
    isDown = false;
    expect(await toldAfter("four")).toBe(2);
    isDown = true;
    expect(await toldAfter("five")).toBe(3);
  });
});

describe("the time zone of a person", () => {
  it("is the one they set last, in whichever chat that was", async () => {
    const stage = new Stage();
    await stage.write("/timezone Europe/Berlin");
    await stage.hears("Your time zone is now Europe/Berlin");
    stage.timezone = "Asia/Tokyo";
    await stage.write("/timezone");
    await stage.hears("Your time zone is Asia/Tokyo.");
    stage.next({ tools: [{ name: "now", args: {} }] });
    await stage.exchange("how late is it?");
    expect(JSON.stringify(stage.asked.at(-1)?.body.messages)).toContain("(Asia/Tokyo)");
  });
});

describe("/forget", () => {
  it("forgets nothing for what is no number of a memory", async () => {
    const stage = new Stage();
    for (const given of ["1 and 2", "1x", "-1"]) {
      await stage.write(`/forget ${given}`);
      await stage.hears(`I have no memory with the number ${given}.`);
    }
    await stage.write("/forget 1");
    await stage.hears("Forgotten.");
  });
});

describe("session_reset in a task beside the conversation", () => {
  it("ends nothing, and nobody is told that it did", async () => {
    const stage = new Stage({}, "telegram:7:bg:5");
    stage.next({ tools: [{ name: "session_reset", args: {} }] }, { text: "Not from here." });
    await stage.exchange("/bg tidy up and start afresh");
    await stage.hears("Not from here.");
    await stage.pass(5_000);
    expect(stage.count("new one")).toBe(0);
    expect(stage.logs("session.reset")).toEqual([]);
    expect(JSON.stringify(stage.asked.at(-1)?.body.messages.at(-1))).toContain("The person clears that with /new");
  });
});
