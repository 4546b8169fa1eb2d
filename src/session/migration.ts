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
  });
  for (const reminder of heritage.reminders) reminders.add(reminder);
}

function heritageOf(door: Door, reminders: Reminders): Heritage {
  const persona = door.store.fact<string>("persona");
  return {
    transcript: door.store
      .transcript(door.session.epoch, TRANSCRIPT_WINDOW_ROWS)
      // Updates are numbers of the old session's inbox, which the new one does not have.
      .map(({ run, body: { updates: _updates, ...body } }) => ({
        run,
        body: JSON.stringify({ ...body, updates: [] }),
      })),
    reminders: reminders.list().map(({ id: _id, ...plan }) => plan),
    ...(persona === undefined ? {} : { persona }),
  };
}
