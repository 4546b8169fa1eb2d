import type { Conversation } from "./conversation.ts";

/** One request to the model, from its first byte to its end. */
export interface ModelRequest {
  readonly n: number;
  readonly at: number;
  readonly key: string;
  /** First characters of the key's SHA-256: what may be shown. */
  readonly fingerprint: string;
  readonly path: string;
  readonly conversation: Conversation;
  readonly lastUserText: string;
  /** Numbers of the requests that were under way when this one began. */
  readonly besides: readonly number[];
  readonly body: unknown;
  status?: number;
  firstTokenAt?: number;
  tokens: number;
  endedAt?: number;
  /** The client closed the connection before the answer was over. */
  abortedAt?: number;
}

export function describeRequest(request: ModelRequest): string {
  const end = request.abortedAt ? "aborted" : request.endedAt ? `status ${request.status}` : "under way";
  return `  #${request.n} key ${request.fingerprint} ${JSON.stringify(request.lastUserText.slice(-80))} → ${end}, ${request.tokens} tokens`;
}
