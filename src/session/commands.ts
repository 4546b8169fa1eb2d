import { describeReminder } from "../agent/reminders.ts";
import type { Skill } from "../agent/skills.ts";
import { type BuiltinCommand, findCommand } from "../core/commands.ts";
import { parseModelName } from "../core/model-name.ts";
import { runOf } from "../core/session.ts";
import { VERSION } from "../version.ts";
import { safe } from "../words/styled.ts";
import { clockWords, untilWords, type WordKey, type WordParams, words } from "../words/words.ts";
import type { Accepting } from "./accept.ts";
import { turnStarts } from "./conversation.ts";
import { elsewhere } from "./elsewhere.ts";
import { exported } from "./export.ts";
import { greeting, help, skillList } from "./help.ts";
import { poolWords } from "./pool-words.ts";
import { skillsOf } from "./skills.ts";
import { TRANSCRIPT_WINDOW_ROWS } from "./store.ts";
import { usageWords } from "./usage.ts";
import { backwards } from "./whole-epoch.ts";

/**
 * What each command does. All of them work in every state; none becomes words for the model, and none touches the run
 * unless it says so. What has to be asked elsewhere (memory, pools) is asked first; then the update and its answer are
 * committed together.
 */

/** Returns false where the command's words are a message for the model after all (/queue words, a skill). */
export async function carryOut(accepting: Accepting, command: BuiltinCommand): Promise<void> {
  const { ports, from, say } = accepting;
  const given = accepting.command?.words.trim() ?? "";
  const language = from.language;
  const isOwner = ports.settings.owners.includes(from.id);
  if (command.who === "owner" && !isOwner) return say("refused_owner_only");

  switch (command.name) {
    case "start":
      return say.text(greeting(accepting, isOwner));
    case "help":
      return say.text(await help(accepting, isOwner));
    case "version":
      return say("version", { version: VERSION });
    case "whoami":
      return say("whoami", {
        name: safe(from.name),
        id: from.id,
        role: words(language, isOwner ? "role_owner" : "role_user"),
        session: ports.key,
      });
    case "new":
      return accepting.pass({
        type: "resetAsked",
        by: "command",
        ...(says(accepting, given) ? { first: accepting.input() } : {}),
      });
    case "stop":
      return accepting.pass({ type: "stopped", by: "command" });
    case "status":
      return say.text(status(accepting));
    case "queue":
    case "steer":
      return says(accepting, given)
        ? accepting.pass({ type: "received", input: accepting.input(), mode: command.name })
        : say("usage_hint", { usage: `/${command.name} ${command.hint}` });
    case "bg":
    case "btw":
      // The Worker sends these to a session of their own; what arrives here without words has nothing to send.
      if (!given) return say("usage_hint", { usage: `/${command.name} ${command.hint}` });
      return accepting.pass(
        { type: "received", input: accepting.input() },
        command.name === "bg" ? words(language, "bg_started") : undefined,
      );
    case "compact":
      return accepting.pass({ type: "received", input: accepting.input(), mode: "queue" });
    case "busy":
      return busy(accepting, given);
    case "retry":
      return retry(accepting);
    case "undo":
      return undo(accepting, given);
    case "model":
      return model(accepting, given);
    case "usage":
      return say.text(await usageWords(accepting));
    case "persona":
      return persona(accepting, given);
    case "remind":
      return given ? accepting.pass({ type: "received", input: accepting.input() }) : say.text(reminders(accepting));
    case "skills":
      return say.text(skillList(await skillsOf(accepting.ports), language));
    case "export":
      return exportConversation(accepting, given);
    case "memory":
      return elsewhere(accepting, memory(accepting));
    case "forget":
      return elsewhere(accepting, forget(accepting, given));
    case "timezone":
      return elsewhere(accepting, timezone(accepting, given));
    case "pair":
      return elsewhere(accepting, pair(accepting, given));
    case "pool":
      return elsewhere(accepting, pool(accepting, given));
    default:
      return command.name satisfies never;
  }
}

/** Whether there is something to ask beside the command: words, or a file that it is the caption of. */
function says({ hasFiles }: Accepting, words: string): boolean {
  return words !== "" || hasFiles;
}

/** A skill's command: its instructions are put together when the turn is asked; with `reset` it first does what /new does. */
export function startSkill(accepting: Accepting, skill: Skill): void {
  const input = accepting.input();
  if (!skill.reset) return accepting.pass({ type: "received", input });
  const given = accepting.command?.words.trim() ?? "";
  accepting.pass({
    type: "resetAsked",
    by: "skill",
    ...(says(accepting, given) || skill.body.replace("$ARGUMENTS", "").trim() ? { first: input } : {}),
  });
}

export async function unknown(accepting: Accepting, name: string): Promise<void> {
  const found = findCommand(
    name,
    (await skillsOf(accepting.ports)).map((skill) => skill.name),
  );
  const nearest = found.kind === "unknown" ? found.nearest : undefined;
  accepting.say(nearest ? "unknown_command_nearest" : "unknown_command", { name, nearest: nearest ?? "" });
}

function status({ door, ports, from }: Accepting): string {
  const { session } = door;
  const now = ports.now();
  const { language } = from;
  const { turn } = session;
  const live = door.live?.run === runOf(session)?.run ? door.live?.progressAt : undefined;
  const until = (at: number) => untilWords(language, at, now, door.whereabouts.timezone);
  const state = (() => {
    switch (turn.phase) {
      case "idle":
        return words(language, "state_idle");
      case "gathering":
        return words(language, "state_gathering");
      case "running":
        return words(language, "state_running", {
          seconds: Math.round((now - turn.startedAt) / 1000),
          step: turn.steps + 1,
          idle: Math.max(0, Math.round((now - (live ?? turn.progressAt)) / 1000)),
        });
      case "waiting":
        return words(language, turn.why === "person" ? "state_waiting_person" : "state_waiting_credential", {
          until: until(turn.untilAt),
        });
      default:
        return turn satisfies never;
    }
  })();
  const first = ports.settings.models[0];
  return words(language, "status", {
    state,
    model: safe(session.choices.model ?? (first ? `${first.provider}/${first.model}` : "–")),
    epoch: session.epoch,
    queued: session.queue.flat().length,
    deliveries: door.courier.pending().count,
  });
}

function busy({ door, from, pass, say }: Accepting, given: string): void {
  const { session } = door;
  const mode = given.toLowerCase();
  if (mode !== "queue" && mode !== "steer" && mode !== "interrupt") {
    return say("busy_now", { mode: session.choices.busyMode ?? session.policy.busyMode });
  }
  pass(
    { type: "preferred", choices: { ...session.choices, busyMode: mode } },
    words(from.language, "busy_set", { mode }),
  );
}

function retry({ door, ports, pass, say }: Accepting): void {
  if (door.session.turn.phase !== "idle") return say("busy_first");
  const rows = door.store.transcript(door.session.epoch, TRANSCRIPT_WINDOW_ROWS);
  const last = rows.slice(turnStarts(rows).at(-1) ?? rows.length);
  // What steered the turn was a part of what it was asked.
  const updates = last.flatMap((row) => row.body.updates ?? []);
  const messages = updates.flatMap((update) => door.store.message(update) ?? []);
  const [first, ...rest] = messages.map((inbound) => ({
    update: inbound.update,
    messageId: inbound.message.messageId,
    from: inbound.from.id,
    acceptedAt: ports.now(),
  }));
  if (!first) return say("retry_none");
  pass({ type: "received", input: first, rest }, undefined, () => door.store.erase(last));
}

function undo({ door, keep, say, from, sayNow }: Accepting, given: string): void {
  if (door.session.turn.phase !== "idle") return say("busy_first");
  // Nothing is forgotten for a count that is none: it could not be taken back.
  if (!/^[1-9]\d{0,8}$/.test(given || "1")) return say("usage_hint", { usage: "/undo [count]" });
  const rows = door.store.transcript(door.session.epoch, TRANSCRIPT_WINDOW_ROWS);
  const turns = turnStarts(rows).slice(-Number(given || "1"));
  const [first] = turns;
  if (first === undefined) return say("undo_none");
  keep(() => {
    door.store.erase(rows.slice(first));
    sayNow(words(from.language, "undo_done", { count: turns.length }));
  });
}

function model({ door, ports, from, pass, say, keep, sayNow }: Accepting, given: string): void {
  const { session } = door;
  const { models, providers } = ports.settings;
  const [wanted = "", when = ""] = given.split(/\s+/);
  const first = models[0] ? `${models[0].provider}/${models[0].model}` : "–";
  if (wanted === "") {
    const now = session.choices.model ?? first;
    return keep(() =>
      sayNow(
        words(from.language, "model_now", { model: safe(now) }),
        models.map((name, index) => [
          { text: `${name.provider}/${name.model}`.slice(0, 60), callback_data: `model:${index}` },
        ]),
      ),
    );
  }
  if (wanted === "default") {
    const { model: _model, modelOnce: _once, ...choices } = session.choices;
    return pass({ type: "preferred", choices }, words(from.language, "model_reset", { model: safe(first) }));
  }
  const name = parseModelName(wanted);
  const usable = name && (name.provider === "workersai" || (providers.get(name.provider)?.keys.length ?? 0) > 0);
  if (!name || !usable) {
    return say("model_unknown", { model: safe(wanted), providers: [...providers.keys()].join(", ") });
  }
  const chosen = `${name.provider}/${name.model}`;
  const once = when.toLowerCase() === "once";
  const choices = { ...session.choices, ...(once ? { modelOnce: chosen } : { model: chosen }) };
  pass(
    { type: "preferred", choices },
    words(from.language, once ? "model_once" : "model_set", { model: safe(chosen) }),
  );
}

function persona({ door, from, keep, say, sayNow }: Accepting, given: string): void {
  if (given === "") {
    const persona = door.store.fact<string>("persona");
    return persona ? say("persona_now", { persona: safe(persona) }) : say("persona_none");
  }
  keep(() => {
    if (given.toLowerCase() === "off") door.store.dropFact("persona");
    else door.store.setFact("persona", given.slice(0, 4_000));
    sayNow(words(from.language, given.toLowerCase() === "off" ? "persona_cleared" : "persona_set"));
  });
}

function reminders({ reminders, from }: Accepting): string {
  const list = reminders.list();
  if (list.length === 0) return words(from.language, "remind_none");
  return [words(from.language, "remind_list"), ...list.map((reminder) => safe(describeReminder(reminder)))].join("\n");
}

function exportConversation({ door, ports, from, keep, say, reply }: Accepting, given: string): void {
  const rows = backwards(ports.sql, door.session.epoch);
  const file = exported(rows, given.toLowerCase() === "json" ? "json" : "md", (update) => door.store.message(update));
  if (!file) return say("export_none");
  keep(() =>
    door.say({
      content: { kind: "file", ...file, caption: words(from.language, "export_caption") },
      ...reply,
    }),
  );
}

async function memory({ ports, from, say }: Accepting): Promise<void> {
  const memories = await ports.person(from.id).memories();
  if (memories.length === 0) return say("memory_none");
  const items = memories.map(({ id, text }) => words(from.language, "memory_item", { id, text: safe(text) }));
  say.text([words(from.language, "memory_list"), ...items].join("\n"));
}

async function forget({ ports, from, keep, say, sayNow }: Accepting, given: string): Promise<void> {
  if (given.toLowerCase() === "all" || given === "") {
    return keep(() =>
      sayNow(words(from.language, "forget_all_confirm"), [
        [{ text: words(from.language, "button_yes_delete"), callback_data: `forget:${from.id}` }],
        [{ text: words(from.language, "button_cancel"), callback_data: `cancel:${from.id}` }],
      ]),
    );
  }
  // "1 and 2" is no number: to delete the first of them and say "Forgotten" could not be taken back.
  const id = /^\d{1,15}$/.test(given) ? Number(given) : -1;
  const { forgotten } = await ports.person(from.id).forget({ id });
  return forgotten ? say("forget_done") : say("forget_none", { id: safe(given) });
}

async function timezone({ door, ports, from, keep, say, sayNow }: Accepting, given: string): Promise<void> {
  if (given === "") {
    const { timezone = door.whereabouts.timezone ?? "UTC" } = await ports.person(from.id).profile();
    return say("timezone_now", { timezone });
  }
  const set = await ports.person(from.id).setTimezone(given);
  if (!set) return say("timezone_unknown", { timezone: safe(given) });
  keep(() => {
    door.noteWhereabouts({ ...door.whereabouts, timezone: given });
    sayNow(
      words(from.language, "timezone_set", {
        timezone: given,
        time: clockWords(from.language, ports.now(), given, false),
      }),
    );
  });
}

async function pair({ ports, from, say }: Accepting, given: string): Promise<void> {
  const minutes = (at: number) => Math.max(1, Math.ceil((at - ports.now()) / 60_000));
  if (given === "" || !ports.settings.owners.includes(from.id)) {
    if (ports.settings.owners.includes(from.id)) return say("pair_none");
    return say("pair_already");
  }
  const reply = await ports.bot.approvePair(given, from.id);
  switch (reply.kind) {
    case "done":
      return say("pair_done", { name: safe(reply.name), id: reply.userId });
    case "wrong":
      return say("pair_wrong");
    case "locked":
      return say("pair_locked", { minutes: minutes(reply.untilAt) });
    default:
      return reply satisfies never;
  }
}

async function pool(accepting: Accepting, given: string): Promise<void> {
  const { ports, from, keep, sayNow, say, door } = accepting;
  if (given.toLowerCase().startsWith("reset")) {
    let count = 0;
    for (const provider of ports.settings.providers.keys()) count += await ports.bot.lift(provider);
    say("pool_lifted", { count });
    door.pass({ type: "poolChanged" });
    return;
  }
  const { text, keyboard } = poolWords(await ports.bot.pools(), from.language, ports.now(), door.whereabouts.timezone);
  keep(() => sayNow(text, keyboard));
}

export type Say = ((key: WordKey, params?: WordParams) => void) & { text(marked: string): void };
