import { editMessage, replyTo, suggest } from "./composer.js";
import { $, act, setView, state } from "./page.js";

const FIRST_WORDS = [
  "Hello! Who are you?",
  "What time is it?",
  "Remind me in 10 seconds to stretch",
  "Ask me tea or coffee",
  "Write a table",
  "Write a long answer",
  "Remember that I like rain",
  "/status",
];

export function openChat(chat, thread, { focus = true } = {}) {
  state.open = { chat, thread };
  state.unread.delete(`${chat}:${thread ?? ""}`);
  showChatList();
  showChat();
  setView("chat");
  if (focus) $("words").focus();
}

/** An element with properties and children: the page's only way to make one. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null));
  return element;
}

export function showChatList() {
  const rows = [];
  for (const chat of state.chats.values()) {
    if (chat.topics.length > 0) {
      rows.push(make("li", { className: "group-title", textContent: `${chat.title} · topics` }));
      for (const topic of chat.topics) rows.push(row(chat, topic.id, topic.name));
    } else rows.push(row(chat, null, chat.title));
  }
  const focused = document.activeElement?.closest?.("#chat-list button")?.dataset.key;
  $("chat-list").replaceChildren(...rows);
  if (focused) document.querySelector(`#chat-list button[data-key="${focused}"]`)?.focus();
}

function row(chat, thread, name) {
  const last = chat.messages.findLast((message) => message.threadId === thread && message.service === null);
  const key = `${chat.id}:${thread ?? ""}`;
  const unread = state.unread.get(key);
  const button = make(
    "button",
    { type: "button", onclick: () => openChat(chat.id, thread) },
    avatar(name),
    make("span", { className: "title", textContent: name }),
    unread ? make("span", { className: "unread", textContent: unread, title: `${unread} new` }) : make("span"),
    make("span", { className: "last", textContent: last ? preview(last) : "No messages yet" }),
  );
  button.dataset.key = key;
  button.setAttribute("aria-current", String(state.open.chat === chat.id && state.open.thread === thread));
  return make("li", {}, button);
}

function preview(message) {
  const words = message.text.replaceAll(/\s+/g, " ").slice(0, 60) || message.media?.kind || "";
  return message.bot ? `bot: ${words}` : words;
}

function avatar(name, element = make("div", { className: "avatar" })) {
  element.textContent = [...name][0] ?? "?";
  const hue = [...name].reduce((sum, char) => sum + (char.codePointAt(0) ?? 0) * 7, 0) % 360;
  element.style.setProperty("--hue", String(hue));
  element.setAttribute("aria-hidden", "true");
  return element;
}

function current() {
  return state.chats.get(state.open.chat);
}

/**
 * Nothing moves under a finger: what comes between press and release is shown after it. Of a button that is drawn anew
 * meanwhile, or pushed down by a growing answer, the browser makes no click.
 */
let held = null;
function still(redraw) {
  if (held) held.push(redraw);
  else redraw();
}
$("messages").addEventListener("pointerdown", () => {
  held ??= [];
});
// The click comes right after.
for (const end of ["pointerup", "pointercancel"])
  addEventListener(end, () =>
    setTimeout(() => {
      const waiting = held ?? [];
      held = null;
      for (const redraw of waiting) redraw();
    }),
  );

export function showChat() {
  if (held) held = [];
  const chat = current();
  const { thread } = state.open;
  const topic = chat.topics.find(({ id }) => id === thread);
  const title = topic ? `${chat.title} › ${topic.name}` : chat.title;
  $("chat-title").textContent = title;
  avatar(topic?.name ?? chat.title, $("chat-avatar"));
  $("block").textContent = chat.forbidden
    ? "Let the bot in again"
    : chat.type === "private"
      ? "Block the bot"
      : "Remove the bot";
  const messages = chat.messages.filter((message) => message.threadId === thread);
  $("messages").replaceChildren(...messages.map(render));
  if (messages.length === 0) $("messages").append(emptiness());
  placeDrafts();
  showTyping();
  scrollDown(true);
}

function emptiness() {
  const isGroup = current().type !== "private";
  // In a group the bot hears what is said to it alone.
  const said = (text) => (isGroup && !text.startsWith("/") ? `@${state.bot} ${text}` : text);
  const words = FIRST_WORDS.map((text) =>
    make("button", { type: "button", textContent: text, onclick: () => suggest(said(text)) }),
  );
  const hint = isGroup
    ? `In a group the bot answers to its name (@${state.bot}), to commands and to replies, for instance:`
    : "Say something to the bot, for instance:";
  return make("div", { className: "empty" }, make("p", { textContent: hint }), ...words);
}

/** A message that came or changed: put in its place without touching the others. */
export function showMessage(message) {
  still(() => place(message));
}

function place(message) {
  const box = $("messages");
  const follow = atBottom();
  const old = box.querySelector(`[data-message="${message.id}"]`);
  box.querySelector(".empty")?.remove();
  if (message.deleted) old?.remove();
  else if (old) old.replaceWith(render(message, true));
  else box.insertBefore(render(message), box.querySelector(".draft"));
  if (follow || !message.bot) scrollDown();
}

function render(message, still = false) {
  if (message.service !== null && message.html === "") {
    return make("div", { className: "message service", textContent: message.service });
  }
  const mine = !message.bot;
  const body = make("div", { className: "body", innerHTML: message.html });
  const bubble = make(
    "div",
    { className: "bubble" },
    !mine || current().type !== "private" ? make("div", { className: "name", textContent: message.name }) : null,
    message.reply ? reply(message.reply) : null,
    message.media ? media(message.media) : null,
    message.html === "" ? null : body,
    make("span", { className: "meta", textContent: meta(message) }),
  );
  const element = make("article", { className: `message ${mine ? "mine" : "theirs"}` }, bubble);
  if (message.keyboard.length > 0) element.append(keyboard(message));
  element.append(acts(message, mine));
  element.dataset.message = message.id;
  element.setAttribute("aria-label", `${message.name}, ${clock(message.date)}`);
  if (still) element.style.animation = "none";
  return element;
}

function meta(message) {
  const marks = [
    message.pinned ? "pinned" : "",
    ...message.reactions,
    message.edits > 0 ? "edited" : "",
    clock(message.date),
  ];
  return marks.filter((mark) => mark !== "").join(" ");
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
}

function reply({ name, text }) {
  return make("div", { className: "reply" }, make("b", { textContent: name }), text);
}

function media({ kind, name, url }) {
  if (kind === "photo")
    return make("img", { className: "photo", src: url, alt: "photo", onload: () => atBottom(400) && scrollDown() });
  if (kind === "voice" || kind === "audio") {
    return make(
      "span",
      { className: "file" },
      "🎙️",
      make("a", { href: url, textContent: "voice message", download: "voice.oga" }),
    );
  }
  return make("span", { className: "file" }, "▤", make("a", { href: url, textContent: name, download: name }));
}

function keyboard(message) {
  const rows = message.keyboard.map((buttons) => {
    const made = buttons.map(({ text, data, url }) => {
      const press = () => act("press", { chat: message.chatId, message: message.id, data });
      return make("button", {
        type: "button",
        textContent: text,
        onclick: url ? () => window.open(url, "_blank", "noopener") : press,
      });
    });
    return make("div", {}, ...made);
  });
  return make("div", { className: "keyboard" }, ...rows);
}

function acts(message, mine) {
  const answer = make("button", {
    type: "button",
    className: "quiet",
    textContent: "Reply",
    onclick: () => replyTo(message),
  });
  const change = make("button", {
    type: "button",
    className: "quiet",
    textContent: "Edit",
    onclick: () => editMessage(message),
  });
  return make("div", { className: "acts" }, answer, mine && message.text !== "" ? change : null);
}

export function showDrafts() {
  still(placeDrafts);
}

function placeDrafts() {
  const chat = current();
  const follow = atBottom();
  for (const old of $("messages").querySelectorAll(".draft")) old.remove();
  for (const draft of chat.drafts) {
    if (draft.threadId !== state.open.thread || draft.until < Date.now()) continue;
    const bubble = make("div", { className: "bubble" }, make("div", { className: "body", innerHTML: draft.html }));
    const element = make("article", { className: "message theirs draft" }, bubble);
    if (draft.canStop) {
      const stop = () => act("stop-draft", { chat: chat.id, thread: draft.threadId });
      const row = make("div", {}, make("button", { type: "button", textContent: "■ Stop", onclick: stop }));
      element.append(make("div", { className: "keyboard" }, row));
    }
    $("messages").append(element);
  }
  if (follow) scrollDown();
}

let typingTimer;
export function showTyping() {
  const chat = current();
  const now = Date.now();
  const active = chat.typing.filter(({ threadId, until }) => threadId === state.open.thread && until > now);
  $("chat-status").replaceChildren();
  if (chat.forbidden) $("chat-status").textContent = chat.forbidden;
  else if (active.length > 0)
    $("chat-status").append(make("span", { className: "dots", textContent: doing(active[0].action) }));
  else $("chat-status").textContent = `you write as ${chat.people[0]?.name ?? "nobody"}`;
  clearTimeout(typingTimer);
  if (active.length > 0) typingTimer = setTimeout(showTyping, Math.max(...active.map(({ until }) => until)) - now + 20);
}

function doing(action) {
  return action === "typing" ? "the bot is typing" : `the bot: ${action.replaceAll("_", " ")}`;
}

function atBottom(near = 90) {
  const box = $("messages");
  return box.scrollHeight - box.scrollTop - box.clientHeight < near;
}

function scrollDown() {
  $("messages").scrollTop = $("messages").scrollHeight;
}

$("block").addEventListener("click", () =>
  act("block", { chat: state.open.chat, blocked: current().forbidden === null }),
);
$("messages").addEventListener("click", (event) => {
  const command = event.target.closest?.("button.command");
  if (command) suggest(command.dataset.command);
});
