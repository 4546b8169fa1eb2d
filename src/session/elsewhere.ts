import type { Accepting } from "./accept.ts";

/**
 * What another object has to be asked for. One that cannot be reached must not block the chat: refused to Telegram, the
 * command would come again and again, and everything behind it would wait.
 */
export async function elsewhere(accepting: Accepting, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    accepting.door.log("internal.error", { where: "command", name: error instanceof Error ? error.name : "unknown" });
    accepting.say("unreachable");
  }
}
