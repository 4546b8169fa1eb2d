import { type CallResult, type Refusal, Upload } from "../telegram/outbound.ts";
import type { WriteKind } from "../telegram/pace.ts";
import {
  addressed,
  deletion,
  editPart,
  fits,
  type Post,
  sendPart,
  sent,
  takeKeyboard,
  withLine,
} from "../telegram/post.ts";
import type { Part } from "../telegram/render.ts";
import { type Growing, messageIdOf } from "../telegram/stream.ts";
import type { Content, Delivery, DeliveryState, Lowering, Progress } from "./outbox.ts";
import { nextForm, partsOf } from "./parts.ts";

/**
 * One delivery on its way: which call comes next, and what an answer to it changes. It calls nobody and writes nothing;
 * the courier asks for the next step, performs it and tells what came of it.
 */
export interface Step {
  readonly post: Post;
  readonly kind: Exclude<WriteKind, "between">;
  readonly what: "part" | "mark" | "surplus" | "outdated" | "freeze";
}

export interface Words {
  /** The line on a message that may stand twice, such as "↻ recovered; may be a duplicate". */
  readonly recovered: () => string;
  /** Stands in for an answer that Telegram refused in every form. */
  readonly undeliverable: () => string;
}

export interface ShipmentContext {
  /** The live stream of the run, closed and settled. */
  readonly growing: Growing | undefined;
  /** Messages that the run streamed, as far as a dead process had recorded them. */
  readonly remembered: readonly number[];
  /** A send of this delivery may have been accepted without our knowing. */
  readonly doubt: boolean;
  readonly form: "rich" | "entities";
  readonly words: Words;
}

export class Shipment {
  readonly #row: Delivery;
  readonly #context: ShipmentContext;
  readonly #content: Content;
  readonly #form: "rich" | "entities";
  #lowered: Lowering[];
  #parts: readonly Part[];
  #ids: number[];
  #done: number;
  /** Streamed messages that may not be edited any more: what they say is sent anew, and they go. */
  readonly #outdated: number[] = [];
  #replyTo: number | undefined;
  #markSent = false;
  #tidied = false;
  state: DeliveryState;
  doubt: boolean;
  threadTries: number;
  migrations: number;

  constructor(row: Delivery, context: ShipmentContext) {
    this.#row = row;
    this.#context = context;
    // Words that stand only in a draft vanish with it: freezing them means to send them.
    const drafted = row.content.kind === "freeze" ? context.growing?.drafted : undefined;
    this.#content = drafted === undefined ? row.content : { kind: "answer", markdown: drafted };
    const { progress } = row;
    this.#form = progress?.form ?? context.growing?.form ?? context.form;
    this.#lowered = [...(progress?.lowered ?? [])];
    this.#done = progress?.done ?? 0;
    this.migrations = progress?.migrations ?? 0;
    this.threadTries = progress?.threadTries ?? 0;
    this.#ids = [...this.#standing()];
    this.#replyTo = row.replyTo;
    this.state = row.state;
    this.doubt = context.doubt;
    this.#parts = this.#split();
  }

  get messages(): readonly number[] {
    return this.#ids.filter((id) => id !== 0);
  }

  get usesRich(): boolean {
    return this.#parts[this.#done]?.form === "rich";
  }

  /** The next call; undefined: everything stands. */
  next(): Step | undefined {
    if (this.#content.kind === "freeze") return this.#freeze();
    for (;;) {
      const part = this.#parts[this.#done];
      if (!part) return this.#outdatedStep() ?? this.#surplus();
      const id = this.#ids[this.#done];
      if (!id || !this.#context.growing?.stands(this.#done, part)) return this.#partStep(part, id);
      this.#done += 1;
    }
  }

  /** Records what was accepted; false where Telegram's answer holds no message id. */
  accepted(step: Step, result: CallResult): boolean {
    switch (step.what) {
      case "mark":
        this.#markSent = true;
        return true;
      case "surplus":
        this.#ids.pop();
        return true;
      case "outdated":
        this.#outdated.pop();
        return true;
      case "freeze":
        this.#tidied = true;
        return true;
      case "part": {
        if (step.kind === "send") {
          const id = messageIdOf(result);
          if (id === undefined) return false;
          this.#ids[this.#done] = id;
          this.doubt = false;
        }
        this.#done += 1;
        return true;
      }
      default: {
        const never: never = step.what;
        return never;
      }
    }
  }

  /** A refusal that another call can get around. false: nothing else can be tried. */
  adapt(step: Step, refusal: Refusal): boolean {
    if (step.what === "surplus") {
      this.#ids.pop();
      return true;
    }
    if (step.what === "outdated") {
      this.#outdated.pop();
      return true;
    }
    if (step.what === "freeze") {
      this.#tidied = true;
      return true;
    }
    if (step.what === "mark") {
      this.#markSent = true;
      return true;
    }
    if ((refusal.kind === "message_gone" || refusal.kind === "not_editable") && step.kind === "edit") {
      const id = this.#ids[this.#done];
      if (id && refusal.kind === "not_editable" && this.#content.kind === "answer") this.#outdated.push(id);
      this.#ids[this.#done] = 0;
      return true;
    }
    if (refusal.kind === "reply_gone" && this.#replyTo !== undefined) {
      this.#replyTo = undefined;
      return true;
    }
    const part = this.#parts[this.#done];
    const to = part && nextForm(this.#content, part, refusal, this.#lowered, this.#done);
    if (to === undefined) return false;
    if (to === "apology" && step.kind === "edit") {
      // What was streamed is worth more than an apology in its place: the words are sent anew beside it, marked.
      this.#ids[this.#done] = 0;
      this.doubt = true;
      return true;
    }
    this.#lowered.push({ at: this.#done, to });
    this.#parts = this.#split();
    return true;
  }

  /** The same delivery with what was refused in a simpler form; undefined: there is none, or nothing that is read was refused. */
  simpler(step: Step, refusal: Refusal): Shipment | undefined {
    if (step.what !== "part") return undefined;
    const { state, doubt } = this;
    const row = { ...this.#row, progress: this.progress() };
    const other = new Shipment(row, { ...this.#context, doubt });
    other.state = state;
    return other.adapt(step, refusal) ? other : undefined;
  }

  progress(): Progress {
    return {
      form: this.#form,
      ids: this.#ids,
      done: this.#done,
      lowered: this.#lowered,
      ...(this.threadTries > 0 ? { threadTries: this.threadTries } : {}),
      ...(this.migrations > 0 ? { migrations: this.migrations } : {}),
    };
  }

  #standing(): readonly number[] {
    const { content, progress } = this.#row;
    const recorded =
      progress?.ids ?? (content.kind === "notice" && content.editOf !== undefined ? [content.editOf] : []);
    if (this.migrations > 0) return recorded;
    const streamed = this.#context.growing?.ids ?? this.#context.remembered;
    return streamed.length > recorded.length ? streamed : recorded;
  }

  #split(): readonly Part[] {
    return partsOf(this.#content, this.#form, this.#lowered, this.#context.words.undeliverable());
  }

  #partStep(part: Part, id: number | undefined): Step {
    const { place, silent } = this.#row;
    const last = this.#done === this.#parts.length - 1;
    const keyboard = this.#content.kind === "notice" && last ? this.#content.keyboard : undefined;
    if (id) return { what: "part", kind: "edit", post: editPart(place, id, part, keyboard) };
    const mark = this.doubt ? this.#context.words.recovered() : undefined;
    const marked = mark === undefined || this.#markSent ? part : withLine(part, mark, "above");
    if (mark !== undefined && !fits(marked)) {
      const post = sendPart(place, { form: "plain", text: mark }, { silent: true });
      return { what: "mark", kind: "send", post };
    }
    const quiet = silent === true || this.#done > 0;
    const options = { replyTo: this.#done === 0 ? this.#replyTo : undefined, silent: quiet, keyboard };
    const isFile = this.#content.kind === "file" && this.#lowered.length === 0;
    const post = isFile ? sendFile(this.#row, this.#content, marked, sent(options)) : sendPart(place, marked, options);
    return { what: "part", kind: "send", post };
  }

  /** Streamed messages that the final words do not need. */
  #surplus(): Step | undefined {
    while (this.#ids.length > this.#parts.length && this.#ids.at(-1) === 0) this.#ids.pop();
    const id = this.#ids.length > this.#parts.length ? this.#ids.at(-1) : undefined;
    if (id === undefined || this.#content.kind !== "answer") return undefined;
    return { what: "surplus", kind: "send", post: deletion(this.#row.place, id) };
  }

  #outdatedStep(): Step | undefined {
    const id = this.#outdated.at(-1);
    return id === undefined ? undefined : { what: "outdated", kind: "send", post: deletion(this.#row.place, id) };
  }

  #freeze(): Step | undefined {
    if (this.#tidied) return undefined;
    const live = this.#context.growing?.frozen();
    const id = this.messages.at(-1);
    if (id === undefined) return undefined;
    return { what: "freeze", kind: "edit", post: live ?? takeKeyboard(this.#row.place, id) };
  }
}

function sendFile(row: Delivery, content: Content, caption: Part, common: Record<string, unknown>): Post {
  const words = caption.form === "rich" ? "" : caption.text.slice(0, CAPTION_CHARS);
  const payload = {
    ...addressed(row.place),
    document: uploadOf(content),
    ...(words ? { caption: words } : {}),
    ...common,
  };
  return { method: "sendDocument", payload };
}

const CAPTION_CHARS = 1024;

function uploadOf(content: Content): Upload | undefined {
  if (content.kind !== "file") return undefined;
  if ("text" in content) return new Upload(content.name, new TextEncoder().encode(content.text), content.mime);
  return new Upload(
    content.name,
    Uint8Array.from(atob(content.base64), (char) => char.charCodeAt(0)),
    content.mime,
  );
}
