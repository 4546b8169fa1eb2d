import type { InlineKeyboardButton } from "grammy/types";
import { findSkill } from "../agent/skills.ts";
import { findCommand } from "../core/commands.ts";
import type { Event } from "../core/event.ts";
import { type Input, pendingInputs, runOf } from "../core/session.ts";
import { botId } from "../telegram/gate.ts";
import type { Command, Inbound, Sender } from "../telegram/message.ts";
import { draftIdOf } from "../telegram/stream.ts";
import { styled } from "../words/styled.ts";
import { type WordKey, type WordParams, words } from "../words/words.ts";
import { carryOut, type Say, startSkill, unknown } from "./commands.ts";
import type { Door } from "./door.ts";
import { inputOf } from "./input.ts";
import { follow, stopFormer } from "./migration.ts";
import type { SessionPorts } from "./ports.ts";
import { press } from "./press.ts";
import * as questions from "./questions.ts";
import type { Reminders } from "./reminders.ts";
import { skillsOf } from "./skills.ts";
import { toldToPerson, unusableAtSight } from "./unusable.ts";

/**
 * What an update becomes: a turn, a command, a press, an edit, or nothing with a line that says why. When this returns,
 * the update and all that it led to are in storage, and the webhook may say 200.
 */

export type Accepted = { readonly ok: true; readonly outcome: "accepted" | "duplicate" | "ignored" };

/** One update on its way in, with what the commands need. `pass`, `keep` and `say` commit it; exactly one of them is called. */
export interface Accepting {
  readonly door: Door;
  readonly ports: SessionPorts;
  readonly reminders: Reminders;
  readonly from: Sender;
  readonly command: Command | undefined;
  /** Files came with it. */
  readonly hasFiles: boolean;
  /** Replies to the message, where there is one. */
  readonly reply: { readonly replyTo?: number };
  input(): Input;
  /** The update with an event, and with words of the bot about it. */
  pass(event: Event, marked?: string, rows?: () => void): void;
  keep(rows: () => void): void;
  readonly say: Say;
  /** Inside `keep` or `rows`. */
  sayNow(marked: string, keyboard?: readonly (readonly InlineKeyboardButton[])[]): void;
}

export async function accept(
  door: Door,
  ports: SessionPorts,
  reminders: Reminders,
  inbound: Inbound,
): Promise<Accepted> {
  door.heal();
  door.courier.hasten();
  if (door.store.has(inbound.update)) {
    door.log("update.duplicate", { update: inbound.update });
    return { ok: true, outcome: "duplicate" };
  }
  switch (inbound.kind) {
    case "message":
      return message(acceptingOf(door, ports, reminders, inbound), inbound);
    case "edit":
      return edit(door, ports, inbound);
    case "press":
      return press(acceptingOf(door, ports, reminders, inbound), inbound);
    case "draft_stopped": {
      const accepting = acceptingOf(door, ports, reminders, inbound);
      const run = runOfDraft(door, inbound.draftId);
      accepting.pass({ type: "stopped", by: "draft", ...(run === undefined ? {} : { run }) });
      return { ok: true, outcome: "accepted" };
    }
    case "membership":
      return membership(door, ports, inbound);
    case "migrated":
      follow(
        door,
        ports,
        reminders,
        inbound.toChatId,
        () => door.store.accept(inbound.update, ports.now(), null),
        () => door.log("update.accepted", { update: inbound.update, kind: "migrated" }),
      );
      return { ok: true, outcome: "accepted" };
    default:
      return inbound satisfies never;
  }
}

/**
 * Whose draft it is that was stopped, so that a press which comes too late does not end the run after it. undefined: that is
 * not known, nothing is on, or a dead process may have drawn the draft for the turn that is on; then it is a plain /stop.
 */
function runOfDraft(door: Door, draftId: number): string | undefined {
  const { turn } = door.session;
  if (turn.phase === "idle" || (runOf(door.session)?.attempt ?? 1) > 1) return undefined;
  const runs = door.store.history().flatMap(({ session }) => runOf(session)?.run ?? []);
  return runs.find((run) => draftIdOf(run) === draftId);
}

async function message(accepting: Accepting, inbound: Extract<Inbound, { kind: "message" }>): Promise<Accepted> {
  const accepted: Accepted = { ok: true, outcome: "accepted" };
  const { command, text, attachments, notes } = inbound.message;
  if (command) {
    const builtin = findCommand(command.name, []);
    if (builtin.kind === "builtin") {
      await carryOut(accepting, builtin.command);
      return accepted;
    }
    const skill = findSkill(await skillsOf(accepting.ports), command.name);
    if (skill) startSkill(accepting, skill);
    else await unknown(accepting, command.name);
    return accepted;
  }
  if (text.trim() === "" && attachments.length === 0 && notes.length === 0) {
    accepting.say("unusable", { kind: "empty" });
    return accepted;
  }
  if (isUnusable(accepting, inbound)) return accepted;
  const question = (await addSkill(accepting, inbound)) ? undefined : answeredBy(accepting, inbound);
  if (question === "done") return accepted;
  accepting.pass({ type: "received", input: accepting.input() });
  return accepted;
}

/** Nothing but files that no model will see: that is said at once, and no model is asked. */
function isUnusable({ door, ports, from, say }: Accepting, inbound: Extract<Inbound, { kind: "message" }>): boolean {
  const { text, attachments, notes } = inbound.message;
  if (text.trim() !== "" || notes.length > 0) return false;
  const unusable = attachments.flatMap((file) => unusableAtSight(file, ports.transcribe !== undefined) ?? []);
  if (unusable.length === 0 || unusable.length < attachments.length) return false;
  say.text(unusable.map((one) => toldToPerson(one, from.language)).join("\n"));
  door.log("update.refused", { update: inbound.update, reason: "unusable" });
  return true;
}

/** A reply to a standing question, or the very words of one of its options, is the answer. */
function answeredBy({ door, ports }: Accepting, inbound: Extract<Inbound, { kind: "message" }>): "done" | undefined {
  const { turn } = door.session;
  if (turn.phase !== "waiting" || turn.why !== "person" || turn.question === undefined) return undefined;
  const question = questions.find(door, turn.question);
  if (!question || !questions.isFor(question, inbound.from.id)) return undefined;
  const words = inbound.message.text.trim();
  const option = question.options.find((candidate) => candidate.toLowerCase() === words.toLowerCase());
  const { reply } = inbound.message;
  // Before Telegram's word of the question's id has come, a reply to what we have said in this turn is one to the question.
  const isOurs = reply?.fromId === botId(ports.settings.botToken);
  const standsAt = question.messageId ?? (isOurs ? laterThan(turn.inputs, reply?.messageId) : undefined);
  const isReply = reply !== undefined && reply.messageId === standsAt;
  // What comes with files is more than an answer can hold: it is asked on its own, after the answer.
  if (words === "" || inbound.message.attachments.length > 0 || (!option && !isReply)) return undefined;
  questions.answer(door, question, option ?? words, inbound, () => {
    door.store.accept(inbound.update, inbound.message.writtenAt, inbound);
  });
  return "done";
}

function laterThan(inputs: readonly Input[], messageId = 0): number | undefined {
  return inputs.every((input) => input.messageId < messageId) ? messageId : undefined;
}

/** An owner sends a SKILL.md: the bot learns it. */
async function addSkill(accepting: Accepting, inbound: Extract<Inbound, { kind: "message" }>): Promise<boolean> {
  const { ports, say } = accepting;
  const file = inbound.message.attachments[0];
  if (file?.name?.toUpperCase() !== "SKILL.MD" || !ports.settings.owners.includes(inbound.from.id)) return false;
  return (await import("./skill-upload.ts")).learn(ports, file, say);
}

function edit(door: Door, ports: SessionPorts, inbound: Extract<Inbound, { kind: "edit" }>): Accepted {
  const { session } = door;
  const waiting = pendingInputs(session);
  const input = waiting.find((candidate) => candidate.messageId === inbound.message.messageId);
  const { update } = inbound;
  door.keep(() => {
    door.store.accept(update, ports.now(), null);
    if (input) door.store.rewrite(input.update, { ...inbound, kind: "message", update: input.update });
  });
  if (input) {
    door.log("update.accepted", { update, kind: "edit" });
    return { ok: true, outcome: "accepted" };
  }
  const run = runOf(session);
  door.log("update.ignored", { update, reason: "edit_of_no_waiting_message", ...(run ? { run: run.run } : {}) });
  return { ok: true, outcome: "ignored" };
}

function membership(door: Door, ports: SessionPorts, inbound: Extract<Inbound, { kind: "membership" }>): Accepted {
  const seen = () => {
    door.store.accept(inbound.update, ports.now(), null);
    door.noteWhereabouts({ ...door.whereabouts, reachable: inbound.member });
  };
  if (inbound.member) door.keep(seen);
  else {
    const busy = door.session.turn.phase !== "idle" || door.session.queue.length > 0;
    if (busy) door.pass({ type: "stopped", by: "admin" }, seen);
    else door.keep(seen);
    door.courier.abandon("chat_gone");
  }
  door.log("update.accepted", { update: inbound.update, kind: "membership", member: inbound.member });
  return { ok: true, outcome: "accepted" };
}

function acceptingOf(
  door: Door,
  ports: SessionPorts,
  reminders: Reminders,
  inbound: Extract<Inbound, { kind: "message" | "press" | "draft_stopped" }>,
): Accepting {
  const { from, place, update } = inbound;
  const own = inbound.kind === "message" ? inbound.message : undefined;
  const reply = own && own.messageId > 0 ? { replyTo: own.messageId } : {};

  /** The row that makes the update count once; its words are kept where a turn will need them. */
  const seen = () => {
    door.store.accept(update, ports.now(), inbound.kind === "message" ? inbound : null);
    const language = from.language ?? door.whereabouts.language;
    door.noteWhereabouts({
      ...door.whereabouts,
      chatType: place.chatType,
      userId: from.id,
      userName: from.name,
      reachable: true,
      ...(place.title ? { title: place.title } : {}),
      ...(language ? { language } : {}),
    });
  };
  const sayNow: Accepting["sayNow"] = (marked, keyboard) => {
    door.say({
      content: { kind: "notice", ...styled(marked), ...(keyboard && keyboard.length > 0 ? { keyboard } : {}) },
      silent: true,
      attempting: true,
      ...reply,
    });
  };
  // While something was asked elsewhere the same update may have come again and won.
  const once = (commit: () => void) => {
    if (door.store.has(update)) door.log("update.duplicate", { update });
    else commit();
  };
  const accepted = () =>
    door.log("update.accepted", { update, kind: inbound.kind, ...(own?.command ? { command: true } : {}) });
  const keep: Accepting["keep"] = (rows) =>
    once(() =>
      door.keep(() => {
        seen();
        rows();
      }, accepted),
    );
  const say = Object.assign(
    (key: WordKey, params: WordParams = {}) => keep(() => sayNow(words(from.language, key, params))),
    { text: (marked: string) => keep(() => sayNow(marked)) },
  );
  return {
    door,
    ports,
    reminders,
    from,
    command: own?.command,
    hasFiles: (own?.attachments.length ?? 0) > 0,
    reply,
    input: () => inputOf(inbound, ports.now()),
    pass: (event, marked, rows) =>
      once(() => {
        if (event.type === "stopped" || event.type === "resetAsked") stopFormer(door, ports);
        door.pass(
          event.type === "received" && door.live ? { ...event, progressAt: door.live.progressAt } : event,
          () => {
            seen();
            rows?.();
            if (marked) sayNow(marked);
          },
          accepted,
        );
      }),
    keep,
    say,
    sayNow,
  };
}
