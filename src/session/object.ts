import { DurableObject } from "cloudflare:workers";
import type { Reminder, ReminderPlan } from "../agent/reminders.ts";
import type { AddedReminder } from "../agent/tools/tool.ts";
import type { Environment } from "../environment.ts";
import { log } from "../log.ts";
import type { Inbound } from "../telegram/message.ts";
import type { Accepted } from "./accept.ts";
import type { LostLease } from "./leasing.ts";
import { platformPorts } from "./platform.ts";
import type { Heritage, ParentContext } from "./ports.ts";
import { SessionShell, type Telling } from "./shell.ts";
import type { SessionView } from "./view.ts";

/** So long after an alarm that failed for the last time the next one is tried: the platform would drop it. */
const ALARM_AGAIN_MS = 5_000;

/**
 * The Durable Object of a session, named by its key. Thin: it makes calls of the shell of what the platform brings. No
 * rule lives here. Every method takes one plain object and returns a plain value.
 */
export class Session extends DurableObject<Environment> {
  #shell: SessionShell | undefined;

  async accept(request: { readonly inbound: Inbound }): Promise<Accepted> {
    await this.#shell?.ending;
    return this.#open().accept(request.inbound);
  }

  override alarm(): void {
    try {
      this.#open().alarm();
    } catch (error) {
      // Never thrown to the platform: after six tries it would drop the alarm, and with it the watch over the run.
      log("internal.error", { session: this.ctx.id.name ?? "unknown", where: "alarm", name: nameOf(error) });
      void this.ctx.storage.setAlarm(Date.now() + ALARM_AGAIN_MS);
    }
  }

  reset(_request: object): { readonly ok: boolean } {
    return this.#known((shell) => shell.reset());
  }

  stop(request: { readonly onlyBusy?: boolean }): { readonly ok: boolean } {
    return this.#known((shell) => (request.onlyBusy ? shell.stopIfBusy() : shell.stop()));
  }

  poolChanged(_request: object): { readonly ok: boolean } {
    return this.#known((shell) => shell.poolChanged());
  }

  leaseLost(request: LostLease): { readonly ok: boolean } {
    return this.#known((shell) => shell.leaseLost(request));
  }

  async erase(_request: object): Promise<{ readonly ok: boolean }> {
    if (!this.#exists()) return { ok: false };
    await this.#open().erase();
    return { ok: true };
  }

  tell(request: Telling): { readonly ok: true } {
    this.#open().tell(request);
    return { ok: true };
  }

  /** For what goes on beside this chat's conversation; it may be the first that is heard of the chat. */
  addReminder(request: { readonly plan: ReminderPlan }): AddedReminder {
    return this.#open().chatReminders().add(request.plan);
  }

  reminders(_request: object): { readonly ok: true; readonly reminders: readonly Reminder[] } {
    return { ok: true, reminders: this.#exists() ? this.#open().chatReminders().list() : [] };
  }

  cancelReminder(request: { readonly id: number }): { readonly ok: true; readonly cancelled: boolean } {
    return { ok: true, cancelled: this.#exists() && this.#open().chatReminders().cancel(request.id) };
  }

  adopt(request: { readonly heritage: Heritage }): { readonly ok: true } {
    this.#open().adopt(request.heritage);
    return { ok: true };
  }

  view(request: {
    readonly journal: number;
  }): { readonly ok: true; readonly view: SessionView } | { readonly ok: false } {
    return this.#exists() ? { ok: true, view: this.#open().view(request.journal) } : { ok: false };
  }

  /** As JSON: the values are deep, and RPC would have every one of their types spelt out. */
  history(_request: object): { readonly ok: true; readonly history: string } | { readonly ok: false } {
    return this.#exists() ? { ok: true, history: JSON.stringify(this.#open().history()) } : { ok: false };
  }

  async context(_request: object): Promise<Omit<ParentContext, "messages"> & { readonly messages: string }> {
    if (!this.#exists()) return { messages: "[]" };
    const { messages, ...manner } = await this.#open().context();
    return { ...manner, messages: JSON.stringify(messages) };
  }

  transcript(_request: object): { readonly ok: boolean; readonly rows: string } {
    return this.#exists() ? { ok: true, rows: JSON.stringify(this.#open().transcript()) } : { ok: false, rows: "[]" };
  }

  /** Asking after a session must not make one. */
  #known(act: (shell: SessionShell) => void): { readonly ok: boolean } {
    if (!this.#exists()) return { ok: false };
    act(this.#open());
    return { ok: true };
  }

  #exists(): boolean {
    if (this.#shell) return true;
    return this.ctx.storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'journal'").toArray().length > 0;
  }

  #open(): SessionShell {
    this.#shell ??= new SessionShell(
      platformPorts(this.ctx, this.env, () => {
        this.#shell = undefined;
      }),
    );
    return this.#shell;
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}
