import { $, act, post, state } from "./page.js";

let context = null;
let commands = [];

export function setCommands(list) {
  commands = list;
}

export function suggest(text) {
  $("words").value = text;
  resize();
  $("words").focus();
}

/** What the person has marked in the message becomes the quote of the reply. */
export function replyTo(message) {
  const marked = String(window.getSelection() ?? "").trim();
  const quote = marked !== "" && message.text.includes(marked) ? marked : null;
  setContext({ kind: "reply", id: message.id, quote }, `Reply to ${message.name}: ${quote ?? message.text}`);
}

export function editMessage(message) {
  setContext({ kind: "edit", id: message.id }, `Edit: ${message.text}`);
  suggest(message.text);
}

function setContext(next, text = "") {
  context = next;
  $("context").hidden = next === null;
  $("context-text").textContent = text;
  if (next) $("words").focus();
}

async function send() {
  const text = $("words").value.trim();
  if (text === "") return;
  const { chat, thread } = state.open;
  const done =
    context?.kind === "edit"
      ? await act("edit", { chat, message: context.id, text })
      : await act("write", { chat, thread, text, reply: context?.id ?? null, quote: context?.quote ?? null });
  if (!done) return;
  $("words").value = "";
  setContext(null);
  resize();
}

async function attach(files) {
  const { chat, thread } = state.open;
  const album = files.length > 1 ? `page${Date.now()}` : "";
  const caption = $("words").value.trim();
  for (const [index, file] of files.entries()) {
    const kind = file.type.startsWith("image/") ? "photo" : file.type.startsWith("audio/") ? "audio" : "document";
    await upload(file, {
      chat,
      thread: thread ?? "",
      kind,
      name: file.name,
      album,
      caption: index === 0 ? caption : "",
      reply: context?.id ?? "",
    });
  }
  $("words").value = "";
  setContext(null);
  resize();
}

function upload(body, fields) {
  const query = new URLSearchParams(Object.entries(fields).map(([name, value]) => [name, String(value)]));
  return post(`/api/attach?${query}`, body.type || "application/octet-stream", body);
}

/** A breath of silence: enough of an Ogg file for the bot to fetch and refuse or transcribe. */
function voice() {
  const bytes = new Uint8Array(512);
  bytes.set(new TextEncoder().encode("OggS"), 0);
  bytes.set(new TextEncoder().encode("OpusHead"), 28);
  const { chat, thread } = state.open;
  return upload(new Blob([bytes], { type: "audio/ogg" }), { chat, thread: thread ?? "", kind: "voice" });
}

function resize() {
  const words = $("words");
  words.style.height = "auto";
  words.style.height = `${Math.min(words.scrollHeight + 2, innerHeight * 0.4)}px`;
  showSuggestions();
}

function showSuggestions() {
  const written = /^\/(\w*)$/.exec($("words").value);
  const fitting = written ? commands.filter(({ command }) => command.startsWith(written[1])) : [];
  $("suggestions").hidden = fitting.length === 0;
  const rows = fitting.map(({ command, description }) => {
    const button = document.createElement("button");
    button.type = "button";
    const name = document.createElement("b");
    name.textContent = `/${command}`;
    button.append(name, ` ${description}`);
    button.addEventListener("click", () => suggest(`/${command} `));
    const item = document.createElement("li");
    item.append(button);
    return item;
  });
  $("suggestions").replaceChildren(...rows);
}

export function setUpComposer() {
  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    send();
  });
  $("words").addEventListener("input", resize);
  $("words").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      send();
    } else if (event.key === "Escape") setContext(null);
  });
  $("context-cancel").addEventListener("click", () => setContext(null));
  $("attach").addEventListener("click", () => $("file").click());
  $("voice").addEventListener("click", voice);
  $("file").addEventListener("change", async () => {
    await attach([...$("file").files]);
    $("file").value = "";
  });
  $("messages").addEventListener("dragover", (event) => event.preventDefault());
  $("messages").addEventListener("drop", (event) => {
    event.preventDefault();
    attach([...event.dataTransfer.files]);
  });
}
