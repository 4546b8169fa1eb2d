import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { address, listen } from "../../../playground/listen.ts";
import { ADA, FORUM_ID, GARDEN_TOPIC, GRACE, GROUP_ID } from "../../../playground/telegram/cast.ts";
import { TelegramStandIn } from "../../../playground/telegram.ts";

interface Answer {
  readonly ok: boolean;
  readonly result?: { readonly message_id?: number } & Record<string, unknown>;
  readonly error_code?: number;
  readonly description?: string;
  readonly parameters?: Record<string, number>;
}

let telegram: TelegramStandIn;
beforeEach(async () => {
  telegram = await TelegramStandIn.start();
});
afterEach(() => telegram.close());

async function call(method: string, body: unknown = {}, token = telegram.token): Promise<Answer> {
  const response = await fetch(`${telegram.url}/bot${token}/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = (await response.json()) as Answer;
  expect(response.status).toBe(answer.ok ? 200 : answer.error_code);
  return answer;
}

const text = (more: object): [string, object] => ["sendMessage", { chat_id: ADA.id, text: "words", ...more }];
const rich = (markdown: string): [string, object] => [
  "sendRichMessage",
  { chat_id: ADA.id, rich_message: { markdown } },
];
const button = (data: string): object => ({ inline_keyboard: [[{ text: "b", callback_data: data }]] });

describe("the Bot API's stand-in refuses what Telegram refuses", () => {
  const refusals: readonly (readonly [string, readonly [string, object], RegExp])[] = [
    ["a chat nobody knows", text({ chat_id: 5 }), /^Bad Request: chat not found$/],
    ["a topic nobody knows", text({ chat_id: FORUM_ID, message_thread_id: 77 }), /message thread not found$/],
    ["the General topic by its number", text({ chat_id: FORUM_ID, message_thread_id: 1 }), /message thread not found$/],
    ["empty words", text({ text: " \n " }), /message text is empty$/],
    ["4097 characters", text({ text: "x".repeat(4097) }), /message is too long$/],
    ["unclosed HTML", text({ text: "<b>x", parse_mode: "HTML" }), /can't parse entities: Can't find end tag/],
    ["unknown HTML", text({ text: "<p>x</p>", parse_mode: "HTML" }), /Unsupported start tag "p" at byte offset 0/],
    ["a bare dot in MarkdownV2", text({ text: "a.", parse_mode: "MarkdownV2" }), /Character '\.' is reserved/],
    ["an entity beyond the text", text({ entities: [{ type: "bold", offset: 0, length: 9 }] }), /ends after the end/],
    [
      "half a surrogate pair",
      text({ text: "👍", entities: [{ type: "bold", offset: 0, length: 1 }] }),
      /middle of a UTF-16/,
    ],
    ["an unknown entity", text({ entities: [{ type: "loud", offset: 0, length: 1 }] }), /Unsupported type/],
    [
      "entities that overlap",
      text({
        entities: [
          { type: "bold", offset: 0, length: 3 },
          { type: "italic", offset: 2, length: 3 },
        ],
      }),
      /overlap/,
    ],
    ["65 bytes of callback data", text({ reply_markup: button("é".repeat(33)) }), /BUTTON_DATA_INVALID$/],
    ["a reply to nothing", text({ reply_parameters: { message_id: 9 } }), /message to be replied not found$/],
    ["21 columns", rich(`|${"a|".repeat(21)}\n|${"-|".repeat(21)}`), /columns/],
    ["32,769 characters", rich("x".repeat(32_769)), /message is too long$/],
    ["501 blocks", rich("- a\n".repeat(260)), /too many blocks/],
    ["17 levels", rich(`${"> ".repeat(18)}deep`), /levels/],
    [
      "two forms of rich message",
      ["sendRichMessage", { chat_id: ADA.id, rich_message: { markdown: "a", html: "a" } }],
      /exactly one/,
    ],
    ["a draft in a group", ["sendMessageDraft", { chat_id: GROUP_ID, draft_id: 1, text: "a" }], /private/],
    ["a draft without a number", ["sendMessageDraft", { chat_id: ADA.id, draft_id: 0, text: "a" }], /draft_id/],
    [
      "an edit of nothing",
      ["editMessageText", { chat_id: ADA.id, message_id: 9, text: "a" }],
      /message to edit not found$/,
    ],
    [
      "a command in capitals",
      ["setMyCommands", { commands: [{ command: "Help", description: "x" }] }],
      /COMMAND_INVALID/,
    ],
    [
      "an unencrypted webhook elsewhere",
      ["setWebhook", { url: "http://example.com/" }],
      /An HTTPS URL must be provided/,
    ],
    ["a pressed button nobody pressed", ["answerCallbackQuery", { callback_query_id: "1" }], /query is too old/],
  ];
  test.each(refusals)("%s", async (_what, [method, body], description) => {
    const answer = await call(method, body);
    expect(answer).toMatchObject({ ok: false, error_code: 400, description: expect.stringMatching(description) });
    expect(telegram.said(ADA.id)).toEqual([]);
  });

  test("a wrong token is 401, a malformed one and an unknown method are 404", async () => {
    expect(await call("getMe", {}, "1:aaaaaaa")).toMatchObject({ error_code: 401, description: "Unauthorized" });
    expect(await call("getMe", {}, "nonsense")).toMatchObject({ error_code: 404, description: "Not Found" });
    expect(await call("sendNonsense")).toEqual({ ok: false, error_code: 404, description: "Not Found" });
  });

  test("an edit that changes nothing, keyboard included", async () => {
    const sent = await call(...text({ reply_markup: button("a") }));
    const same = { chat_id: ADA.id, message_id: sent.result?.message_id, text: "words", reply_markup: button("a") };
    expect((await call("editMessageText", same)).description).toMatch(/^Bad Request: message is not modified: /);
    expect((await call("editMessageText", { ...same, reply_markup: button("b") })).ok).toBe(true);
  });

  test("a pressed button is answered once", async () => {
    const sent = await call(...text({ reply_markup: button("go") }));
    const { query } = telegram.people.press(ADA.id, sent.result?.message_id ?? 0, "b");
    expect((await call("answerCallbackQuery", { callback_query_id: query.id, text: "ok" })).ok).toBe(true);
    expect((await call("answerCallbackQuery", { callback_query_id: query.id })).description).toMatch(
      /query is too old/,
    );
  });

  test("blocked chats, closed topics and upgraded groups", async () => {
    telegram.people.ban(ADA.id);
    expect(await call(...text({}))).toMatchObject({
      error_code: 403,
      description: "Forbidden: bot was blocked by the user",
    });
    await call("closeForumTopic", { chat_id: FORUM_ID, message_thread_id: GARDEN_TOPIC });
    const closed = await call(...text({ chat_id: FORUM_ID, message_thread_id: GARDEN_TOPIC }));
    expect(closed.description).toBe("Bad Request: TOPIC_CLOSED");
    telegram.people.migrate(GROUP_ID, -100777);
    const moved = await call(...text({ chat_id: GROUP_ID }));
    expect(moved.parameters).toEqual({ migrate_to_chat_id: -100777 });
  });

  test("the pace, when it is switched on", async () => {
    telegram.pace.on = true;
    const answers = [];
    for (let n = 0; n < 21; n += 1) answers.push(await call(...text({ chat_id: GROUP_ID, text: `n${n}` })));
    expect(answers.slice(0, 20).every(({ ok }) => ok)).toBe(true);
    expect(answers[20]).toMatchObject({ error_code: 429, parameters: { retry_after: expect.any(Number) } });
  });
});

describe("what goes wrong on request", () => {
  test("a flood answer for one call, and none after it", async () => {
    telegram.fault({ method: "sendMessage", times: 1, fault: { kind: "flood", retryAfterSeconds: 7 } });
    expect(await call(...text({}))).toMatchObject({ error_code: 429, parameters: { retry_after: 7 } });
    expect((await call(...text({}))).ok).toBe(true);
  });

  test("a connection that breaks before acceptance leaves nothing, after it leaves the message", async () => {
    telegram.fault({ method: "sendMessage", times: 1, fault: { kind: "reset", when: "before" } });
    await expect(call(...text({}))).rejects.toThrow();
    expect(telegram.said(ADA.id)).toHaveLength(0);
    telegram.fault({ method: "sendMessage", times: 1, fault: { kind: "reset", when: "after" } });
    await expect(call(...text({}))).rejects.toThrow();
    expect(telegram.said(ADA.id)).toHaveLength(1);
  });
});

describe("updates", () => {
  interface Delivery {
    readonly update: { update_id: number; message?: { text?: string; date: number }; callback_query?: unknown };
    readonly headers: IncomingHttpHeaders;
    answer(status: number): void;
  }
  let hook: Server;
  let deliveries: Delivery[];
  let arrived: () => void = () => {};

  beforeEach(async () => {
    deliveries = [];
    hook = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      const answer = (status: number): void => void response.writeHead(status).end();
      deliveries.push({ update: JSON.parse(body), headers: request.headers, answer });
      arrived();
    });
    await listen(hook, 0);
    telegram.updates.setWebhook({ url: address(hook), secret: "s3cret" });
  });
  afterEach(() => {
    hook.closeAllConnections();
    hook.close();
  });

  async function delivery(n: number): Promise<Delivery> {
    while (deliveries.length <= n) {
      await new Promise<void>((resolve) => {
        arrived = resolve;
      });
    }
    const found = deliveries[n];
    if (!found) throw new Error(`there is no delivery ${n}`);
    return found;
  }

  test("of one chat go one by one, of several chats side by side, numbered without a gap", async () => {
    const first = telegram.people.write(ADA.id, "one");
    const second = telegram.people.write(ADA.id, "two");
    const other = telegram.people.write(GRACE.id, "elsewhere");
    expect([second.updateId, other.updateId]).toEqual([first.updateId + 1, first.updateId + 2]);
    const [a, b] = [await delivery(0), await delivery(1)];
    expect([a, b].map(({ update }) => update.message?.text).sort()).toEqual(["elsewhere", "one"]);
    expect(a.headers["x-telegram-bot-api-secret-token"]).toBe("s3cret");
    expect(a.update.message?.date).toBeLessThan(Date.now() / 1000 + 1);
    expect(second.update.attempts).toHaveLength(0);
    a.answer(200);
    b.answer(200);
    const third = await delivery(2);
    expect(third.update.message?.text).toBe("two");
    third.answer(200);
    expect(await telegram.delivered(second)).toBe(true);
  });

  test("are tried again until the answer is a 2xx, and what comes after waits", async () => {
    const first = telegram.people.write(ADA.id, "one");
    telegram.people.write(ADA.id, "two");
    (await delivery(0)).answer(500);
    const again = await delivery(1);
    expect(again.update.message?.text).toBe("one");
    again.answer(200);
    expect((await delivery(2)).update.message?.text).toBe("two");
    expect(first.update.attempts.map(({ status }) => status)).toEqual([500, 200]);
  });

  test("wait for getUpdates where there is no webhook, until they are acknowledged", async () => {
    telegram.updates.setWebhook(undefined);
    const poll = call("getUpdates", { timeout: 10 });
    const { updateId } = telegram.people.write(ADA.id, "/start now");
    const entities = [{ type: "bot_command", offset: 0, length: 6 }];
    const expected = [{ update_id: updateId, message: { text: "/start now", entities } }];
    expect((await poll).result).toMatchObject(expected);
    expect((await call("getUpdates")).result).toMatchObject(expected);
    expect((await call("getUpdates", { offset: updateId + 1 })).result).toEqual([]);
    telegram.updates.setWebhook({ url: address(hook) });
    expect(await call("getUpdates")).toMatchObject({ error_code: 409 });
  });
});
