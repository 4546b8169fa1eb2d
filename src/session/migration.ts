import { userWords } from "../agent/prompt.ts";
import type { Door } from "./door.ts";
import type { Heritage, SessionPorts } from "./ports.ts";
import type { Reminders } from "./reminders.ts";
import { TRANSCRIPT_WINDOW_ROWS } from "./store.ts";

/**
 * A group that becomes a supergroup has a new id, and thereby a new session. What is still to be said is said there by the
 * old one; the conversation, the reminders and the persona go on in the new one.
 */

export function follow(door: Door, ports: SessionPorts, reminders: Reminders, toChatId: number): void {
  const { whereabouts } = door;
  if (whereabouts.chatId === toChatId) return;
  const from = `telegram:${whereabouts.chatId}`;
  const rest = ports.key.startsWith(from) ? ports.key.slice(from.length) : "";
  door.keep(() => {
    door.courier.readdress(whereabouts.chatId, toChatId);
    door.noteWhereabouts({ ...whereabouts, chatId: toChatId, chatType: "supergroup" });
  });
  const heritage = heritageOf(door, reminders);
  ports.detach(
    ports.handOver(`telegram:${toChatId}${rest}`, heritage).then(
      // Only now: had the process died before, the reminders would still come from here.
      () => reminders.list().forEach(({ id }) => void reminders.cancel(id)),
      (error: unknown) => {
        const name = error instanceof Error ? error.name : "unknown";
        door.log("internal.error", { where: "migration", name });
      },
    ),
  );
}

/** Takes over from the session of the old id; a session that has a conversation of its own keeps it. */
export function adopt(door: Door, reminders: Reminders, heritage: Heritage): void {
  if (door.store.transcript(door.session.epoch, 1).length > 0 || reminders.list().length > 0) return;
  door.keep(() => {
    for (const { run, body } of heritage.transcript) door.store.write(door.session.epoch, run, JSON.parse(body));
    if (heritage.persona !== undefined) door.store.setFact("persona", heritage.persona);
    const { epoch } = door.session;
    if (heritage.summary !== undefined) door.store.setFact("compacted", { epoch, seq: 1, summary: heritage.summary });
  });
  door.pass({ type: "preferred", choices: heritage.choices });
  for (const reminder of heritage.reminders) reminders.add(reminder);
}

function heritageOf(door: Door, reminders: Reminders): Heritage {
  const { store, session } = door;
  const persona = store.fact<string>("persona");
  const summary = store.summary(session.epoch);
  return {
    transcript: store.transcript(session.epoch, TRANSCRIPT_WINDOW_ROWS).map(({ run, body }) => ({
      run,
      body: JSON.stringify({ ...body, ...(body.user ? { user: body.user.map((said) => worded(door, said)) } : {}) }),
    })),
    reminders: reminders.list().map(({ id: _id, ...plan }) => plan),
    ...(persona === undefined ? {} : { persona }),
    ...(summary === undefined ? {} : { summary }),
    choices: session.choices,
  };
}

/** A message that was never put to a model is a number of the old session's inbox, which the new one does not have. */
function worded(door: Door, said: unknown): unknown {
  if (typeof said !== "object" || said === null || !("update" in said)) return said;
  const inbound = door.store.message(Number(said.update));
  return { role: "user", content: inbound ? userWords(inbound, true) : "[a message that is no longer kept]" };
}
