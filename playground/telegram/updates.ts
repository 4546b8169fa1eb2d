import { isRecord } from "./args.ts";
import { badRequest, Refusal } from "./refusal.ts";

/** One update on its way to the bot. */
export interface PendingUpdate {
  readonly update: Readonly<Record<string, unknown>> & { readonly update_id: number };
  /** "message", "callback_query" …: the field that carries it. */
  readonly kind: string;
  /** Updates of one queue go one after the other; queues do not wait for each other. */
  readonly queue: string;
  readonly madeAt: number;
  readonly attempts: { readonly at: number; status?: number; tookMs?: number; error?: string }[];
  dueAt: number;
  inFlight: boolean;
  state: "pending" | "delivered" | "dropped";
}

export interface Webhook {
  readonly url: string;
  readonly secret?: string;
}

/** Not sent unless asked for by name. */
const BY_REQUEST_ONLY = new Set(["chat_member", "message_reaction", "message_reaction_count"]);
const ANSWER_WITHIN_MS = 60_000;
const EXPIRY_MS: Readonly<Record<string, number>> = { callback_query: 150_000 };
const MESSAGE_EXPIRY_MS = 24 * 3600 * 1000;
const RETRY_CAP_MS = 60_000;

/**
 * How Telegram delivers (tdlib/telegram-bot-api, WebhookActor.cpp): queues per chat (per person for pressed buttons), only
 * the head of a queue in flight, the next one after a 2xx; anything else is tried again at once and then after 2, 4, 8 … s,
 * or after Retry-After; given up after a day. With no webhook set, getUpdates takes them.
 */
export class Updates {
  /** Everything ever made, delivered or not. */
  readonly all: PendingUpdate[] = [];
  readonly #now: () => number;
  readonly #changed: () => void;
  readonly #onReply: (method: string, values: Record<string, unknown>) => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #flights = new Set<AbortController>();
  readonly #waiting = new Set<() => void>();
  #webhook: Webhook | undefined;
  #allowed: readonly string[] | undefined;
  #nextId: number;
  #lastError: { at: number; message: string } | undefined;
  #polling: AbortController | undefined;
  #closed = false;

  constructor(
    firstUpdateId: number,
    now: () => number,
    changed: () => void,
    onReply: (method: string, values: Record<string, unknown>) => void,
  ) {
    this.#nextId = firstUpdateId;
    this.#now = now;
    this.#changed = changed;
    this.#onReply = onReply;
  }

  setWebhook(webhook: Webhook | undefined, allowed?: readonly string[]): void {
    this.#webhook = webhook;
    if (allowed) this.#allowed = allowed.length > 0 ? allowed : undefined;
    this.kick();
  }

  info(): Record<string, unknown> {
    return {
      url: this.#webhook?.url ?? "",
      has_custom_certificate: false,
      pending_update_count: this.pending().length,
      max_connections: 40,
      ...(this.#allowed ? { allowed_updates: this.#allowed } : {}),
      ...(this.#lastError
        ? { last_error_date: Math.floor(this.#lastError.at / 1000), last_error_message: this.#lastError.message }
        : {}),
    };
  }

  pending(): PendingUpdate[] {
    return this.all.filter((update) => update.state === "pending");
  }

  drop(): void {
    for (const update of this.pending()) update.state = "dropped";
  }

  /** Makes an update and sends it on its way. Without a webhook, or of a kind nobody asked for, it waits or vanishes. */
  add(kind: string, body: unknown, queue: string): PendingUpdate {
    const asked = this.#allowed ? this.#allowed.includes(kind) : !BY_REQUEST_ONLY.has(kind);
    const pending: PendingUpdate = {
      update: { update_id: this.#nextId, [kind]: body },
      kind,
      queue,
      madeAt: this.#now(),
      attempts: [],
      dueAt: 0,
      inFlight: false,
      state: asked ? "pending" : "dropped",
    };
    this.#nextId += 1;
    this.all.push(pending);
    for (const wake of this.#waiting) wake();
    this.#pump(queue);
    this.#changed();
    return pending;
  }

  /** Sends an update that was delivered already once more, as Telegram does when an answer was lost. */
  redeliver(updateId: number): void {
    const update = this.all.find((candidate) => candidate.update.update_id === updateId);
    if (!update) throw new Error(`there is no update ${updateId}`);
    update.state = "pending";
    update.dueAt = 0;
    this.#pump(update.queue);
  }

  /** Tries everything that waits for its next try now. */
  kick(): void {
    for (const update of this.pending()) update.dueAt = 0;
    for (const queue of new Set(this.pending().map((update) => update.queue))) this.#pump(queue);
  }

  close(): void {
    this.#closed = true;
    this.#polling?.abort();
    for (const flight of this.#flights) flight.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #pump(queue: string): void {
    const webhook = this.#webhook;
    if (!webhook || this.#closed) return;
    const head = this.all.find((update) => update.queue === queue && update.state === "pending");
    if (!head || head.inFlight) return;
    const waitMs = head.dueAt - this.#now();
    if (waitMs > 0) {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        this.#pump(queue);
      }, waitMs);
      this.#timers.add(timer);
      return;
    }
    void this.#send(head, webhook).finally(() => {
      this.#changed();
      this.#pump(queue);
    });
  }

  async #send(head: PendingUpdate, webhook: Webhook): Promise<void> {
    head.inFlight = true;
    const attempt: PendingUpdate["attempts"][number] = { at: this.#now() };
    head.attempts.push(attempt);
    const flight = new AbortController();
    this.#flights.add(flight);
    const timer = setTimeout(() => flight.abort(), ANSWER_WITHIN_MS);
    let retryAfterMs: number | undefined;
    try {
      const response = await fetch(webhook.url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(webhook.secret ? { "x-telegram-bot-api-secret-token": webhook.secret } : {}),
        },
        body: JSON.stringify(head.update),
        signal: flight.signal,
        redirect: "manual",
      });
      const text = await response.text();
      attempt.status = response.status;
      if (response.ok) {
        head.state = "delivered";
        this.#answerInResponse(text);
      } else {
        this.#lastError = { at: this.#now(), message: `Wrong response from the webhook: ${response.status}` };
        const header = Number(response.headers.get("retry-after") ?? Number.NaN);
        if (header >= 0 && header <= 3600) retryAfterMs = header * 1000;
      }
    } catch (error) {
      attempt.error = error instanceof Error ? String(error.cause ?? error.message) : String(error);
      this.#lastError = { at: this.#now(), message: attempt.error };
    } finally {
      clearTimeout(timer);
      this.#flights.delete(flight);
      attempt.tookMs = this.#now() - attempt.at;
      head.inFlight = false;
    }
    if (head.state !== "pending") return;
    const tries = head.attempts.length;
    const pauseMs = retryAfterMs ?? (tries < 2 ? 0 : Math.min(RETRY_CAP_MS, 2 ** (tries - 1) * 1000));
    head.dueAt = this.#now() + pauseMs;
    if (head.dueAt > head.madeAt + (EXPIRY_MS[head.kind] ?? MESSAGE_EXPIRY_MS)) head.state = "dropped";
  }

  #answerInResponse(text: string): void {
    if (!text.startsWith("{")) return;
    try {
      const body: unknown = JSON.parse(text);
      if (isRecord(body) && typeof body.method === "string") this.#onReply(body.method, body);
    } catch {
      // An answer that is no JSON is none of Telegram's business.
    }
  }

  async take(options: {
    readonly offset: number | undefined;
    readonly limit: number | undefined;
    readonly timeoutSeconds: number | undefined;
    readonly allowed: readonly string[] | undefined;
  }): Promise<unknown[]> {
    if (this.#webhook) {
      throw new Refusal(
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
      );
    }
    if (options.limit !== undefined && (options.limit < 1 || options.limit > 100))
      throw badRequest("limit is out of range");
    this.#polling?.abort();
    const mine = new AbortController();
    this.#polling = mine;
    if (options.allowed) this.#allowed = options.allowed.length > 0 ? options.allowed : undefined;
    for (const update of this.pending()) {
      if (options.offset !== undefined && update.update.update_id < options.offset) update.state = "delivered";
    }
    if (this.pending().length === 0 && options.timeoutSeconds) {
      await this.#somethingCame(options.timeoutSeconds * 1000, mine.signal);
    }
    if (mine.signal.aborted) {
      throw new Refusal(
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
      );
    }
    return this.pending()
      .slice(0, options.limit ?? 100)
      .map(({ update }) => update);
  }

  #somethingCame(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.#timers.delete(timer);
        this.#waiting.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      this.#timers.add(timer);
      this.#waiting.add(done);
      signal.addEventListener("abort", done);
    });
  }
}
