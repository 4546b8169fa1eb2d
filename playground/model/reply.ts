import type { Conversation } from "./conversation.ts";

export interface ToolCall {
  readonly name: string;
  /** An object, or the very text to send as arguments (to send what is no JSON). */
  readonly args: Readonly<Record<string, unknown>> | string;
}

/** What the model says to one request: words, tools, and how it ends. */
export interface Reply {
  readonly text?: string;
  readonly reasoning?: string;
  readonly tools?: readonly ToolCall[];
  /** Ends with "length" instead of "stop". */
  readonly cut?: boolean;
  /** Nothing is sent before this resolves (or the client gives up). */
  readonly hold?: Promise<unknown>;
  /** Refuses this one request instead, whatever its key. */
  readonly door?: Door;
  /** How this one reply is served, over what the stage says. */
  readonly manner?: Partial<Manner>;
}

/** How a reply comes over the wire. */
export interface Manner {
  /** Before the first byte of the body. */
  readonly firstByteMs: number;
  readonly tokensPerSecond: number;
  /**
   * `whole`: as it should. `mute`: headers, then nothing. `silent`: not even headers. `torn`: half the words, then the
   * stream ends without a finish. `reset`: half the words, then the connection breaks. `endless`: words without end.
   * `empty`: a proper answer with nothing in it. `error_midstream`: half the words, then an error in the stream.
   */
  readonly flow: "whole" | "mute" | "silent" | "torn" | "reset" | "endless" | "empty" | "error_midstream";
}

export const GOOD_MANNER: Manner = { firstByteMs: 120, tokensPerSecond: 25, flow: "whole" };

/** How a key is received at the door. */
export type Door =
  | { readonly kind: "open" }
  | { readonly kind: "rate_limited"; readonly retryAfterSeconds?: number }
  | { readonly kind: "out_of_credit"; readonly as?: 402 | 429 }
  | { readonly kind: "dead" }
  | { readonly kind: "overloaded" }
  | { readonly kind: "server_error" }
  | { readonly kind: "context_too_long" }
  | { readonly kind: "reset" };

/** Decides what to say; the default is the demo's mind. */
export type Mind = (conversation: Conversation) => Reply;
