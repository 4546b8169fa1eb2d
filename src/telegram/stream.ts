import type { Call, CallResult, Refusal } from "./outbound.ts";
import { CALL_GAP_MS, type Pace, type WriteKind } from "./pace.ts";
import { Picture, type View } from "./picture.ts";
import {
  type Address,
  deletion,
  draftPart,
  editPart,
  type Keyboard,
  type Post,
  sendPart,
  takeKeyboard,
} from "./post.ts";
import type { Part } from "./render.ts";
import { Typing } from "./typing.ts";

/**
 * How one answer grows on screen while its run is on: "typing…", then a message that is edited, or Telegram's draft.
 * It decides nothing about the turn, and nothing depends on it: every call may be lost, for the final words are an
 * outbox row that edits these messages. One call at a time; after `close` none begins.
 */

export type GrowthMode = "edit" | "draft" | "off";
export type Cancel = () => void;

export interface GrowingPorts {
  readonly call: Call;
  readonly now: () => number;
  readonly after: (ms: number, act: () => void) => Cancel;
  readonly pace: Pace;
  /** Whatever was said before stands in the chat: a message of this answer may come below it. */
  readonly isClear: () => boolean;
  /** Called as soon as Telegram has accepted a new message: its ids must outlive the process. */
  readonly remember: (ids: readonly number[], isSending: boolean) => void;
}

export interface GrowingOptions {
  readonly run: string;
  readonly place: Address;
  readonly replyTo?: number | undefined;
  readonly mode: GrowthMode;
  readonly private: boolean;
  readonly stopLabel: string;
  readonly form: "rich" | "entities";
  /** Messages that this run streamed in a process that has died. */
  readonly ids: readonly number[];
  /** One more may stand of which no id is known: nothing is shown until the final words, which are marked. */
  readonly inDoubt?: boolean;
}

/** A draft vanishes 30 s after its last call. */
export const DRAFT_REFRESH_MS = 15_000;
const MAX_STRIKES = 3;
const MAX_PAUSE_MS = 30_000;

interface Step {
  readonly post: Post;
  readonly kind: WriteKind;
  /** Which message; the draft is none. */
  readonly index: number | "draft";
  readonly key: string;
  readonly view: View;
}

export class Growing {
  readonly run: string;
  readonly #ports: GrowingPorts;
  readonly #options: GrowingOptions;
  readonly #keyboard: Keyboard;
  #mode: GrowthMode;
  #form: "rich" | "entities";
  readonly #picture = new Picture();
  /** Message ids in order; 0 where the person deleted one. */
  #ids: number[];
  /** What each message says, as the key of what was last accepted; undefined where that is not known. */
  #shown: (string | undefined)[];
  #last: Step | undefined;
  #draftAt = 0;
  #notBefore = 0;
  #strikes = 0;
  #halted = false;
  #inDoubt: boolean;
  #closed = false;
  #inFlight: Promise<void> | undefined;
  #timer: { readonly at: number; readonly cancel: Cancel } | undefined;
  readonly #typing: Typing;

  constructor(options: GrowingOptions, ports: GrowingPorts) {
    this.run = options.run;
    this.#options = options;
    this.#ports = ports;
    this.#keyboard = [[{ text: options.stopLabel, callback_data: stopData(options.run) }]];
    this.#mode = options.mode === "draft" && !options.private ? "edit" : options.mode;
    this.#form = options.form;
    this.#ids = [...options.ids];
    this.#inDoubt = options.inDoubt === true;
    this.#halted = this.#inDoubt;
    this.#shown = options.ids.map(() => undefined);
    this.#typing = new Typing(options.place, ports);
  }

  get ids(): readonly number[] {
    return this.#ids;
  }

  /** Form in which the messages were split; lower than asked for when the server does not know rich messages. */
  get form(): "rich" | "entities" {
    return this.#form;
  }

  /** Whether there is, or may soon be, something on the screen that an end of the run has to tidy up. */
  get visible(): boolean {
    return this.#ids.length > 0 || this.#inFlight !== undefined || this.#last !== undefined;
  }

  /** A message may stand in the chat without our knowing its id: what is sent anew may be there twice. */
  get inDoubt(): boolean {
    return this.#inDoubt;
  }

  /** The whole text so far; called for every token, so it only notes it. */
  show(markdown: string): void {
    if (this.#closed || this.#mode === "off") return;
    if (this.#picture.show(markdown, this.#ports.now())) this.#wake();
  }

  /** What a tool does now, in a line under the text until the text goes on; empty takes it away. */
  tool(line: string): void {
    if (this.#closed || this.#mode === "off") return;
    if (this.#picture.tool(line, this.#ports.now())) this.#wake();
  }

  /** From here on no call begins. One that is in flight comes to its end. */
  close(): void {
    this.#closed = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#typing.stop();
  }

  /** Resolves when no call that writes is in flight. Bounded by the caller's timeout. */
  async settled(): Promise<void> {
    while (this.#inFlight) await this.#inFlight;
  }

  /** Whether that message says exactly this, without a button: then the final edit would change nothing. */
  stands(index: number, part: Part): boolean {
    return this.#shown[index] === keyOf(part, false);
  }

  /** What leaves the words as they stand and takes away the button and the tool's line, with its message if it has no words; undefined: no message. */
  frozen(): Post | undefined {
    const index = this.#ids.findLastIndex((id) => id !== 0);
    const id = this.#ids[index];
    if (id === undefined) return undefined;
    const { place } = this.#options;
    if (this.#last?.index !== index || !this.#last.view.hasLine) return takeKeyboard(place, id);
    const words = this.#last.view.open;
    return words ? editPart(place, id, words) : deletion(place, id);
  }

  /** Words that stand only in a draft, which will vanish. */
  get drafted(): string | undefined {
    return this.#last?.index === "draft" && this.#last.view.open ? this.#last.view.markdown : undefined;
  }

  #wake(): void {
    if (this.#closed || this.#halted || this.#inFlight || this.#mode === "off") return;
    const begun = this.#ids.length > 0 || this.#last !== undefined;
    const kind: WriteKind = begun ? "between" : "send";
    const first = begun ? 0 : this.#picture.firstAt;
    if (first === undefined) return;
    this.#wakeAt(Math.max(first, this.#notBefore, this.#ports.pace.readyAt(kind)));
  }

  #wakeAt(at: number): void {
    if (this.#timer && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const cancel = this.#ports.after(Math.max(0, at - this.#ports.now()), () => {
      this.#timer = undefined;
      this.#flush();
    });
    this.#timer = { at, cancel };
  }

  #flush(): void {
    if (this.#closed || this.#halted || this.#inFlight) return;
    const step = this.#next();
    if (!step) {
      // A draft with nothing to show when its refresh is due is let go: waking for it again and again would never end.
      const refreshAt = this.#draftAt + DRAFT_REFRESH_MS;
      if (this.#last?.index === "draft" && refreshAt > this.#ports.now()) this.#wakeAt(refreshAt);
      return;
    }
    const readyAt = Math.max(this.#notBefore, this.#ports.pace.readyAt(step.kind));
    if (readyAt > this.#ports.now()) this.#wakeAt(readyAt);
    else if (step.kind === "send" && !this.#ports.isClear()) this.#wakeAt(this.#ports.now() + CALL_GAP_MS);
    else this.#begin(step);
  }

  #begin(step: Step): void {
    try {
      // Written before the send: if the process dies before its answer, the final words are marked as a possible double.
      if (step.kind === "send") this.#ports.remember(this.#ids, true);
    } catch {
      // Storage failed, and nothing was sent: the final words are, by the outbox.
      this.#halt();
      return;
    }
    this.#inFlight = this.#perform(step);
  }

  /** The one call that brings the screen nearest to the text; undefined when it says what it should. */
  #next(): Step | undefined {
    const view = this.#picture.view(this.#form);
    const tail = view.parts.at(-1);
    if (this.#mode === "draft" && tail) {
      const key = keyOf(tail, false);
      if (this.#last?.key === key && this.#ports.now() < this.#draftAt + DRAFT_REFRESH_MS) return undefined;
      const post = draftPart(this.#options.place, draftIdOf(this.run), tail);
      return { view, post, kind: "between", index: "draft", key };
    }
    for (const [index, part] of view.parts.entries()) {
      const last = index === view.parts.length - 1;
      const key = keyOf(part, last);
      const id = this.#ids[index];
      if (id === 0 || (id !== undefined && this.#shown[index] === key)) continue;
      const keyboard = last ? this.#keyboard : undefined;
      const { place, replyTo } = this.#options;
      if (id !== undefined) {
        return { view, post: editPart(place, id, part, keyboard), kind: "between", index, key };
      }
      const options = { replyTo: index === 0 ? replyTo : undefined, silent: index > 0, keyboard };
      return { view, post: sendPart(place, part, options), kind: "send", index, key };
    }
    return undefined;
  }

  async #perform(step: Step): Promise<void> {
    const { call, now, pace } = this.#ports;
    pace.began(now());
    try {
      const result = await call(step.post.method, step.post.payload);
      pace.ended(step.kind, now());
      this.#inFlight = undefined;
      this.#landed(step, result);
    } catch {
      // Storage failed. Whoever waits for this call to settle must not fail with it, now and at every later time.
      this.#inFlight = undefined;
      if (step.kind === "send") this.#inDoubt = true;
      this.#halt();
    }
    this.#wake();
  }

  #landed(step: Step, result: CallResult): void {
    if (!result.ok && result.refusal.kind !== "not_modified") {
      this.#refused(step, result.refusal);
      return;
    }
    this.#strikes = 0;
    if (step.index === "draft") {
      this.#draftAt = this.#ports.now();
    } else if (this.#ids[step.index] === undefined) {
      const id = messageIdOf(result);
      if (id === undefined) {
        this.#halt();
        return;
      }
      this.#ids[step.index] = id;
      this.#ports.remember(this.#ids, false);
    }
    if (step.index !== "draft") this.#shown[step.index] = step.key;
    this.#last = step;
    this.#typing.stop();
  }

  #refused(step: Step, refusal: Refusal): void {
    const now = this.#ports.now();
    const isSend = step.index !== "draft" && this.#ids[step.index] === undefined;
    this.#strikes += 1;
    const isRefused = refusal.kind !== "unavailable" || !refusal.maybeAccepted;
    if (step.kind === "send" && isRefused) this.#ports.remember(this.#ids, false);
    switch (refusal.kind) {
      case "flood":
        // The wait is the whole chat's; what was to be shown is overtaken by a later edit.
        this.#strikes = 0;
        this.#ports.pace.flood(now + refusal.retryAfterMs);
        return;
      case "unavailable":
        // A message may stand without our knowing its id: another one would double it.
        if (isSend && refusal.maybeAccepted) {
          this.#inDoubt = true;
          this.#halt();
        }
        if (step.index !== "draft" && !isSend) this.#shown[step.index] = undefined;
        this.#notBefore = now + Math.min(MAX_PAUSE_MS, 1_000 * 2 ** this.#strikes);
        return;
      case "message_gone":
        if (step.index !== "draft") this.#ids[step.index] = 0;
        this.#halt();
        return;
      case "markup":
      case "too_long":
      case "unsupported":
      case "refused":
        if (step.index === "draft") this.#mode = "edit";
        else if (refusal.kind === "unsupported" && this.#form === "rich") this.#form = "entities";
        else if (this.#strikes >= MAX_STRIKES) this.#halt();
        return;
      default:
        this.#halt();
    }
  }

  #halt(): void {
    this.#halted = true;
    this.#typing.stop();
  }
}

/** Data of the Stop button; at most 64 bytes, and enough of the run's id to tell it from any other. */
export function stopData(run: string): string {
  return `stop:${run.slice(0, 24)}`;
}

/** The draft's id: a whole number other than 0, the same for the same run (FNV-1a). */
export function draftIdOf(run: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < run.length; index += 1) hash = Math.imul(hash ^ run.charCodeAt(index), 0x01000193);
  return (hash >>> 1) | 1;
}

/** The id of the message that a call made; undefined when the answer holds none. */
export function messageIdOf(result: CallResult): number | undefined {
  if (!result.ok || typeof result.result !== "object" || result.result === null) return undefined;
  const id: unknown = Reflect.get(result.result, "message_id");
  return typeof id === "number" ? id : undefined;
}

function keyOf(part: Part, button: boolean): string {
  return JSON.stringify([part, button]);
}
