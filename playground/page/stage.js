import { openChat } from "./chat.js";
import { $, act } from "./page.js";

const LOG_LIMIT = 400;
/** What is told of a line beside its event; the rest would only be in the way. */
const QUIET = new Set(["event", "n", "at", "level", "time"]);

let prepared = false;
export function setUpStage(moods) {
  if (prepared) return;
  prepared = true;
  for (const [name, list] of Object.entries(moods)) {
    const select = $(`mood-${name}`);
    select.replaceChildren(...list.map((mood) => new Option(mood, mood)));
    select.addEventListener("change", () => act(name, { mood: select.value }));
  }
  $("kill").addEventListener("click", () => act("worker", { act: "kill" }));
  $("start").addEventListener("click", () => act("worker", { act: "start" }));
  $("race-start").addEventListener("click", async () => {
    $("race-start").disabled = true;
    if (!(await act("race", {}))) $("race-start").disabled = false;
  });
  $("log-clear").addEventListener("click", () => $("log").replaceChildren());
}

export function showStage(stage) {
  $("worker").textContent = stage.worker;
  $("worker").dataset.state = stage.worker;
  for (const name of ["model", "keys", "telegram"]) {
    $(`mood-${name}`).value = stage[name];
    $(`mood-${name}`).disabled = name !== "telegram" && stage.real !== null;
  }
  $("kill").disabled = stage.worker !== "running";
  $("start").disabled = stage.worker !== "killed";
  if (stage.real) {
    $("what").textContent =
      `Telegram is a stand-in; the bot is the real Worker, and what you write goes to ${stage.real}.`;
    $("race-start").disabled = true;
    $("race-hint").textContent =
      `A real model (${stage.real}) answers, so the race cannot be staged. Take its keys out of .dev.vars for the stand-in.`;
  }
}

let raceShown = false;
export function showRace(race) {
  $("race").hidden = race === null;
  if (race === null) return;
  if (race.running && !raceShown) openChat(race.chatId, null, { focus: false });
  raceShown = race.running;
  $("race-start").disabled = race.running;
  const rows = race.steps.map(({ title, state, detail }) => {
    const item = document.createElement("li");
    item.dataset.state = state;
    const words = document.createElement("span");
    words.textContent = title;
    const small = document.createElement("small");
    small.textContent = detail;
    item.append(words, small);
    return item;
  });
  $("race-steps").replaceChildren(...rows);
  $("race-steps").querySelector('[data-state="now"]')?.scrollIntoView({ block: "nearest" });
  const verdict = $("race-verdict");
  verdict.dataset.verdict = race.verdict;
  verdict.textContent = {
    "": "",
    survived: "The session lives.",
    failed: "Something did not come. See the step above.",
  }[race.verdict];
  if (!race.running) verdict.scrollIntoView({ block: "nearest" });
}

function tone(line) {
  if (/stale|fail|disabled|exhausted|invalid/.test(line.event) || /failed|timed_out|exhausted/.test(line.outcome ?? ""))
    return "bad";
  if (/cooling|waiting|reset|retry|refused|duplicate|ignored/.test(line.event)) return "warn";
  if (/finished|sent|ready/.test(line.event)) return "good";
  return "";
}

/** Until somebody scrolls up: a panel above that grows pushes the end out of sight without a scroll. */
let isFollowing = true;
$("log").addEventListener("scroll", ({ target: log }) => {
  isFollowing = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
});

export function showLog(line) {
  const log = $("log");
  const item = document.createElement("li");
  item.dataset.tone = tone(line);
  const time = document.createElement("time");
  time.textContent = `${clock(line.at)} `;
  const name = document.createElement("b");
  name.textContent = line.event;
  const rest = document.createElement("span");
  const fields = Object.entries(line).filter(
    ([key, value]) => !QUIET.has(key) && value !== null && value !== undefined,
  );
  rest.textContent = ` ${fields.map(([key, value]) => `${key}=${key === "until" ? clock(value) : short(value)}`).join(" ")}`;
  item.append(time, name, rest);
  log.append(item);
  while (log.children.length > LOG_LIMIT) log.firstChild.remove();
  if (isFollowing) log.scrollTop = log.scrollHeight;
}

function clock(at) {
  return new Date(at).toLocaleTimeString([], { hour12: false });
}

function short(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return /^[0-9a-f-]{20,}$/i.test(text) ? `${text.slice(0, 8)}…` : text;
}
