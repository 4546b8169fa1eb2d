import { userWords } from "../agent/prompt.ts";
import type { Door } from "./door.ts";
import type { Heritage, SessionPorts } from "./ports.ts";
import * as questions from "./questions.ts";
import type { Reminders } from "./reminders.ts";
import { TRANSCRIPT_WINDOW_ROWS } from "./store.ts";

/**
 * A group that becomes a supergroup has a new id, and thereby a new session. What is still to be said is said there by the
 * old one; the conversation, the reminders and the persona go on in the new one. Until that one has them it is a row of
 * the old one's that it has not, and the alarm comes back to it.
 */

/** The session that is to go on for this one, and when it is to be asked (again). */
interface Heir {
  readonly key: string;
  readonly at: number;
  /** What is its from the day of the move. They rest here until it has them, so that they come once. */
  readonly reminders: readonly number[];
}

const HEIR = "heir";
const ADOPTED = "adopted";
/** The key of the session before, where it was still at a turn. */
const FORMER = "former";
/** A session that could not be reached is tried again after so long. */
const AGAIN_MS = 10_000;

/** `rows` belongs to the same transaction. */
export function follow(
  door: Door,
  ports: SessionPorts,
  reminders: Reminders,
  toChatId: number,
  rows: () => void = () => {},
  committed?: () => void,
): void {
  const { whereabouts } = door;
  const isNew = whereabouts.chatId !== toChatId;
  door.keep(() => {
    rows();
    if (!isNew) return;
    const from = `telegram:${whereabouts.chatId}`;
    const rest = ports.key.startsWith(from) ? ports.key.slice(from.length) : "";
    door.courier.readdress(whereabouts.chatId, toChatId);
    door.noteWhereabouts({ ...whereabouts, chatId: toChatId, chatType: "supergroup" });
    questions.moved(door);
    const heir: Heir = {
      key: `telegram:${toChatId}${rest}`,
      at: ports.now() + AGAIN_MS,
      reminders: reminders.list().map(({ id }) => id),
    };
    door.store.setFact(HEIR, heir);
  }, committed);
  if (isNew) bequeath(door, ports, reminders);
}

/** When the heir is to be asked again; undefined: there is none, or it has everything. */
export function bequeathAt(door: Door): number | undefined {
  return door.store.fact<Heir>(HEIR)?.at;
}

/** Hands over what there is now. A session that has it already changes nothing. */
export function bequeath(door: Door, ports: SessionPorts, reminders: Reminders): void {
  const heir = door.store.fact<Heir>(HEIR);
  if (!heir) return;
  door.keep(() => door.store.setFact(HEIR, { ...heir, at: ports.now() + AGAIN_MS }));
  ports.detach(
    ports.handOver(heir.key, heritageOf(door, ports.key, reminders, heir)).then(
      () =>
        door.keep(() => {
          door.store.dropFact(HEIR);
          reminders.drop(heir.reminders);
        }),
      (error: unknown) => {
        const name = error instanceof Error ? error.name : "unknown";
        door.log("internal.error", { where: "migration", name });
      },
    ),
  );
}

/** Takes over from the session of the old id, once; a session that has a conversation of its own keeps that. */
export function adopt(door: Door, reminders: Reminders, heritage: Heritage): void {
  if (door.store.fact(ADOPTED)) return;
  const { store, session } = door;
  const { epoch } = session;
  const rows = () => {
    store.setFact(ADOPTED, true);
    if (heritage.former !== undefined) store.setFact(FORMER, heritage.former);
    reminders.adopt(heritage.reminders);
  };
  if (store.transcript(epoch, 1).length > 0) return door.keep(rows);
  door.pass({ type: "preferred", choices: { ...heritage.choices, ...session.choices } }, () => {
    rows();
    for (const { run, body } of heritage.transcript) store.write(epoch, run, JSON.parse(body));
    if (heritage.persona !== undefined) store.setFact("persona", heritage.persona);
    if (heritage.summary !== undefined) store.setFact("compacted", { epoch, seq: 1, summary: heritage.summary });
  });
}

/** The session that may still be at a turn in this chat. */
export function formerOf(door: Door): string | undefined {
  return door.store.fact<string>(FORMER);
}

/** Whoever ends what is on in this chat means that, too. Told once: it begins nothing new. */
export function stopFormer(door: Door, ports: SessionPorts): void {
  const former = formerOf(door);
  if (former === undefined) return;
  ports.detach(
    ports
      .former(former)
      .stop()
      .then(
        () => door.keep(() => door.store.dropFact(FORMER)),
        (error: unknown) => {
          const name = error instanceof Error ? error.name : "unknown";
          door.log("internal.error", { where: "migration", name });
        },
      ),
  );
}

function heritageOf(door: Door, key: string, reminders: Reminders, heir: Heir): Heritage {
  const { store, session } = door;
  const persona = store.fact<string>("persona");
  const summary = store.summary(session.epoch);
  return {
    transcript: store.transcript(session.epoch, TRANSCRIPT_WINDOW_ROWS).map(({ run, body }) => ({
      run,
      body: JSON.stringify({ ...body, ...(body.user ? { user: body.user.map((said) => worded(door, said)) } : {}) }),
    })),
    reminders: reminders.list().flatMap(({ id, ...plan }) => (heir.reminders.includes(id) ? [plan] : [])),
    ...(persona === undefined ? {} : { persona }),
    ...(summary === undefined ? {} : { summary }),
    choices: session.choices,
    ...(session.turn.phase === "idle" ? {} : { former: key }),
  };
}

/** A message that was never put to a model is a number of the old session's inbox, which the new one does not have. */
function worded(door: Door, said: unknown): unknown {
  if (typeof said !== "object" || said === null || !("update" in said)) return said;
  const inbound = door.store.message(Number(said.update));
  return { role: "user", content: inbound ? userWords(inbound, true) : "[a message that is no longer kept]" };
}
