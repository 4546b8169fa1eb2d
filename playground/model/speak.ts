import type { ServerResponse } from "node:http";
import type { Manner, Reply } from "./reply.ts";
import type { ModelRequest } from "./request.ts";
import { anthropicErrorFrame, anthropicStream, anthropicWhole } from "./wire-anthropic.ts";
import { openAiErrorFrame, openAiStream, openAiWhole, type Piece, tokens } from "./wire-openai.ts";

/** The connection as the speaker sees it: `gone` resolves when the client has left. */
export interface Line {
  readonly gone: Promise<void>;
  readonly tell: () => void;
  readonly now: () => number;
}

/** Sends one reply in one manner; resolves when it is over, or when nobody listens any more. */
export async function speak(
  record: ModelRequest,
  response: ServerResponse,
  reply: Reply,
  manner: Manner,
  line: Line,
): Promise<void> {
  const { gone } = line;
  const { conversation } = record;
  const id = `${record.n}x${record.at.toString(36)}`;
  const output = tokens(`${reply.text ?? ""}${reply.reasoning ?? ""}`).length + (reply.tools ?? []).length * 8;
  const usage = { input: Math.ceil(JSON.stringify(record.body).length / 4), output };
  const openAi = conversation.dialect === "openai";
  record.status = 200;
  if (!conversation.stream) {
    if (manner.flow === "mute") return gone;
    const whole = openAi
      ? openAiWhole(id, conversation.model, reply, usage, Math.floor(record.at / 1000))
      : anthropicWhole(id, conversation.model, reply, usage);
    return sendJson(response, 200, whole);
  }
  response.writeHead(200, { "content-type": "text/event-stream", "x-request-id": `req_${record.n}` });
  response.flushHeaders();
  if (manner.flow === "mute") return gone;
  const said = manner.flow === "endless" ? { ...reply, text: "and so on ".repeat(200_000) } : reply;
  const pieces = openAi
    ? openAiStream(
        id,
        conversation.model,
        said,
        conversation.includeUsage ? usage : undefined,
        Math.floor(record.at / 1000),
      )
    : anthropicStream(id, conversation.model, said, usage);
  const half = Math.max(1, Math.floor(output / 2));
  for (const piece of pieces) {
    if (record.endedAt !== undefined) return;
    if (piece.token) {
      if (record.tokens >= half && breaksOff(manner)) break;
      await count(record, manner, line);
    } else if (record.tokens > 0 && breaksOff(manner)) break;
    write(response, piece);
  }
  if (manner.flow === "reset") return breakOff(record, response, line.now());
  if (manner.flow === "error_midstream") response.write(openAi ? openAiErrorFrame() : anthropicErrorFrame());
  response.end();
}

async function count(record: ModelRequest, manner: Manner, { gone, now, tell }: Line): Promise<void> {
  if (record.tokens > 0) await pause(1000 / manner.tokensPerSecond, gone);
  record.firstTokenAt ??= now();
  record.tokens += 1;
  tell();
}

function breaksOff({ flow }: Manner): boolean {
  return flow === "torn" || flow === "reset" || flow === "error_midstream";
}

/** Breaks the connection from this side. */
export function breakOff(record: ModelRequest, response: ServerResponse, at: number): void {
  record.status ??= 0;
  record.endedAt = at;
  response.socket?.resetAndDestroy();
}

function write(response: ServerResponse, piece: Piece): void {
  if (!response.writableEnded && !response.destroyed) response.write(piece.data);
}

export function pause(ms: number, gone: Promise<void>): Promise<void> {
  if (ms < 1) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void gone.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}
