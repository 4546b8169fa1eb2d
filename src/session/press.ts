import { type Run, runOf } from "../core/session.ts";
import type { Inbound } from "../telegram/message.ts";
import { takeKeyboard } from "../telegram/post.ts";
import { safe, styled } from "../words/styled.ts";
import { type WordKey, words } from "../words/words.ts";
import type { Accepted, Accepting } from "./accept.ts";
import type { Door } from "./door.ts";
import { elsewhere } from "./elsewhere.ts";
import { formerOf } from "./migration.ts";
import * as questions from "./questions.ts";

/**
 * A button was pressed. It is answered at once with a word, addressed to its own thing (a run, a question, a key), and
 * told the truth: first what it asks for is done and committed, then the answer says so.
 */
export async function press(accepting: Accepting, inbound: Extract<Inbound, { kind: "press" }>): Promise<Accepted> {
  const word = await act(accepting, inbound);
  const { door, ports, from } = accepting;
  const answer = (key: WordKey) =>
    ports.call("answerCallbackQuery", { callback_query_id: inbound.queryId, text: words(from.language, key) });
  const former = word === "button_expired" ? formerOf(door) : undefined;
  // In a chat that got another id it may be a button of the session before, which answers it itself.
  if (former === undefined) ports.detach(answer(word));
  else
    ports.detach(
      ports
        .former(former)
        .press(inbound)
        .catch(() => answer("unreachable")),
    );
  return { ok: true, outcome: "accepted" };
}

async function act(accepting: Accepting, inbound: Extract<Inbound, { kind: "press" }>): Promise<WordKey> {
  const { door, ports, from } = accepting;
  const [kind = "", first = "", second = ""] = inbound.data.split(":");
  const expired = (): WordKey => {
    accepting.keep(() => {});
    return "button_expired";
  };
  switch (kind) {
    case "stop": {
      const run = runOf(door.session);
      if (first === "" || !run || !isOfTurn(door, run, first)) {
        takeStop(accepting, inbound);
        return expired();
      }
      accepting.pass({ type: "stopped", by: "button", run: run.run });
      return "button_stopping";
    }
    case "ask": {
      const question = questions.find(door, first);
      const choice = question?.options[Number(second)];
      if (!question || choice === undefined || door.store.has(inbound.update)) return expired();
      if (!questions.isFor(question, from.id)) {
        accepting.keep(() => {});
        return "button_not_yours";
      }
      const open = questions.answer(door, question, choice, inbound, () =>
        door.store.accept(inbound.update, ports.now(), null),
      );
      return open ? "button_done" : "button_expired";
    }
    case "model": {
      const name = ports.settings.models[Number(first)];
      if (!name) return expired();
      const model = `${name.provider}/${name.model}`;
      accepting.pass(
        { type: "preferred", choices: { ...door.session.choices, model } },
        words(from.language, "model_set", { model: safe(model) }),
      );
      return "button_done";
    }
    case "lift": {
      if (!ports.settings.owners.includes(from.id)) {
        accepting.keep(() => {});
        return "button_not_yours";
      }
      return reached(accepting, async () => {
        const count = await ports.bot.lift(first, second === "*" ? undefined : second);
        accepting.say("pool_lifted", { count });
        door.pass({ type: "poolChanged" });
      });
    }
    case "forget": {
      if (Number(first) !== from.id) {
        accepting.keep(() => {});
        return "button_not_yours";
      }
      return reached(accepting, async () => {
        await ports.person(from.id).eraseAll();
        accepting.keep(() => becomes(accepting, inbound, "forget_all_done"));
      });
    }
    case "cancel":
      // Whose question it was; one of an older version does not say.
      if (first !== "" && Number(first) !== from.id) {
        accepting.keep(() => {});
        return "button_not_yours";
      }
      accepting.keep(() => becomes(accepting, inbound, "cancelled"));
      return "cancelled";
    default:
      return expired();
  }
}

/** Until the answer grows again its message bears the button of the run that died: it is the same turn to whoever sees it. */
function isOfTurn(door: Door, { run, attempt, inputs }: Run, name: string): boolean {
  if (run.startsWith(name) || attempt === 1) return run.startsWith(name);
  return door.store.history().some(({ session }) => {
    const known = runOf(session);
    return known?.run.startsWith(name) === true && known.inputs[0]?.update === inputs[0]?.update;
  });
}

/** A process that died before Telegram told the message's id has left the button there; the press tells it. */
function takeStop({ door, ports }: Accepting, { place, messageId }: Extract<Inbound, { kind: "press" }>): void {
  // Where everybody has a session of their own, or the chat has got another id, it may be of an answer that still grows.
  if (messageId <= 0 || ports.key.includes(":user:") || formerOf(door) !== undefined) return;
  const { method, payload } = takeKeyboard(place, messageId);
  ports.detach(ports.call(method, payload));
}

/** Inside `keep`: the message with the buttons says what became of it, and has none any more. */
function becomes({ door, from }: Accepting, { messageId }: Extract<Inbound, { kind: "press" }>, key: WordKey): void {
  door.say({
    content: { kind: "notice", ...styled(words(from.language, key)), ...(messageId > 0 ? { editOf: messageId } : {}) },
    silent: true,
  });
}

/** What the press asks another object for; it is told where that cannot be reached. */
async function reached(accepting: Accepting, work: () => Promise<void>): Promise<WordKey> {
  let word: WordKey = "button_done";
  await elsewhere(
    accepting,
    work().catch((error: unknown) => {
      word = "unreachable";
      throw error;
    }),
  );
  return word;
}
