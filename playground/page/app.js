import { showChat, showChatList, showDrafts, showMessage, showTyping } from "./chat.js";
import { setCommands, setUpComposer } from "./composer.js";
import { $, setView, state, toast } from "./page.js";
import { setUpStage, showLog, showRace, showStage } from "./stage.js";

function on(source, event, handle) {
  source.addEventListener(event, (message) => handle(JSON.parse(message.data)));
}

function listen() {
  const source = new EventSource("/events");
  on(source, "hello", (hello) => {
    state.me = hello.me;
    state.bot = hello.bot;
    state.chats = new Map(hello.chats.map((chat) => [chat.id, chat]));
    if (!state.chats.has(state.open.chat)) state.open = { chat: hello.chats[0].id, thread: null };
    setCommands(hello.commands);
    setUpStage(hello.moods);
    showStage(hello.stage);
    showRace(hello.race);
    $("log").replaceChildren();
    hello.logs.forEach(showLog);
    showChatList();
    showChat();
    document.body.dataset.ready = "true";
  });
  on(source, "message", (message) => {
    const chat = state.chats.get(message.chatId);
    const index = chat.messages.findIndex(({ id }) => id === message.id);
    const isNew = index < 0;
    if (message.deleted) chat.messages = chat.messages.filter(({ id }) => id !== message.id);
    else if (isNew) chat.messages.push(message);
    else chat.messages[index] = message;
    const shown = state.open.chat === message.chatId && state.open.thread === message.threadId;
    if (isNew && !shown && message.bot) {
      const key = `${message.chatId}:${message.threadId ?? ""}`;
      state.unread.set(key, (state.unread.get(key) ?? 0) + 1);
    }
    if (shown) showMessage(message);
    showChatList();
  });
  on(source, "drafts", ({ chatId, drafts }) => {
    state.chats.get(chatId).drafts = drafts;
    showDrafts();
  });
  on(source, "typing", ({ chatId, typing }) => {
    state.chats.get(chatId).typing = typing;
    showTyping();
  });
  on(source, "chat", (chat) => {
    state.chats.set(chat.id, chat);
    showChatList();
    if (state.open.chat === chat.id) showChat();
  });
  on(source, "log", showLog);
  on(source, "stage", showStage);
  on(source, "race", (race) => {
    showRace(race);
  });
  on(source, "toast", ({ text }) => toast(text));
  source.onerror = () => {
    $("worker").textContent = "gone";
    $("worker").dataset.state = "killed";
  };
}

for (const tab of document.querySelectorAll("#tabs button"))
  tab.addEventListener("click", () => setView(tab.dataset.view));
setUpComposer();
setView("chat");
listen();
