import type { Chat } from "./chats.ts";
import { Refusal, tooManyRequests } from "./refusal.ts";

/** What goes wrong with a call. `after`: Telegram did as told and only its answer is lost: nobody knows. */
export type Fault =
  | { readonly kind: "flood"; readonly retryAfterSeconds: number }
  | { readonly kind: "error"; readonly code: number; readonly description: string }
  | { readonly kind: "reset"; readonly when: "before" | "after" }
  | { readonly kind: "hang"; readonly when: "before" | "after" }
  | { readonly kind: "slow"; readonly ms: number };

export interface FaultRule {
  /** A method's name, or a pattern; absent: every method. */
  readonly method?: string | RegExp;
  readonly chatId?: number;
  /** How many calls it strikes; absent: all until it is lifted. */
  readonly times?: number;
  /** A closer look at the call's arguments. */
  readonly where?: (values: Readonly<Record<string, unknown>>) => boolean;
  readonly fault: Fault;
}

/** A rule in force. `struck` counts the calls it has hit. */
export interface ActiveFault {
  readonly rule: FaultRule;
  struck: number;
  lift(): void;
}

export class Faults {
  readonly #active = new Set<ActiveFault>();

  add(rule: FaultRule): ActiveFault {
    const active: ActiveFault = { rule, struck: 0, lift: () => void this.#active.delete(active) };
    this.#active.add(active);
    return active;
  }

  clear(): void {
    this.#active.clear();
  }

  /** The fault that strikes this call, if one does; it is counted. */
  strike(method: string, values: Readonly<Record<string, unknown>>): Fault | undefined {
    for (const active of this.#active) {
      const { rule } = active;
      const named =
        rule.method === undefined ||
        (typeof rule.method === "string"
          ? rule.method.toLowerCase() === method.toLowerCase()
          : rule.method.test(method));
      if (!named || (rule.chatId !== undefined && Number(values.chat_id) !== rule.chatId)) continue;
      if (rule.where && !rule.where(values)) continue;
      active.struck += 1;
      if (rule.times !== undefined && active.struck >= rule.times) active.lift();
      return rule.fault;
    }
    return undefined;
  }
}

/** The refusal a fault stands for, if it is one that Telegram says aloud. */
export function refusalOf(fault: Fault | undefined): Refusal | undefined {
  if (fault?.kind === "flood") return tooManyRequests(fault.retryAfterSeconds);
  if (fault?.kind === "error") return new Refusal(fault.code, fault.description);
  return undefined;
}

/** Telegram's pace (FAQ): one message a second in a chat, short bursts forgiven; twenty a minute in a group, edits counted. */
const PRIVATE_BURST = 5;
const PRIVATE_PER_SECOND = 1;
const GROUP_PER_MINUTE = 20;

/** Off unless switched on: a natural pace limit beside the scripted faults. */
export class Pace {
  on = false;
  readonly #calls = new Map<number, number[]>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts one send or edit; refuses it with the time after which there is room again. */
  spend(chat: Chat): void {
    if (!this.on) return;
    const now = this.#now();
    const [limit, windowMs] =
      chat.type === "private"
        ? [PRIVATE_BURST, (PRIVATE_BURST * 1000) / PRIVATE_PER_SECOND]
        : [GROUP_PER_MINUTE, 60_000];
    const recent = (this.#calls.get(chat.id) ?? []).filter((at) => at > now - windowMs);
    this.#calls.set(chat.id, recent);
    const [oldest] = recent;
    if (oldest !== undefined && recent.length >= limit) {
      throw tooManyRequests(Math.max(1, Math.ceil((oldest + windowMs - now) / 1000)));
    }
    recent.push(now);
  }
}
