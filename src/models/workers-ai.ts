import { isRecord } from "./record.ts";

/**
 * The Workers AI binding, spoken to through the OpenAI-compatible client: requests become `env.AI.run`, and what older models
 * stream (`{"response": "…"}`) becomes the chunks that newer ones stream by themselves. There is no key, and no HTTP.
 */

export interface AiBinding {
  run(model: string, inputs: Record<string, unknown>, options?: Record<string, unknown>): Promise<unknown>;
}

export function isAiBinding(value: unknown): value is AiBinding {
  return typeof value === "object" && value !== null && "run" in value && typeof value.run === "function";
}

/** Workers AI stops after 256 tokens when nothing is said (reference/platform.md 2.4). */
const DEFAULT_MAX_TOKENS = 4_096;

/** A `fetch` that asks the binding, whatever the address. What the binding throws ("4006: …") is thrown on. */
export function bindingFetch(ai: AiBinding, model: string): typeof fetch {
  return async (_input, init) => {
    const signal = init?.signal ?? undefined;
    signal?.throwIfAborted();
    const asked: unknown = JSON.parse(typeof init?.body === "string" ? init.body : "{}");
    const answer = await untilAborted(ai.run(model, inputsOf(asked)), signal);
    if (answer instanceof Response) return answer;
    if (answer instanceof ReadableStream) {
      const stream: ReadableStream<Uint8Array> = answer;
      return new Response(stream.pipeThrough(asOpenAiChunks(), signal ? { signal } : {}), {
        headers: { "content-type": "text/event-stream" },
      });
    }
    return Response.json(answer);
  };
}

function inputsOf(asked: unknown): Record<string, unknown> {
  if (!isRecord(asked)) return {};
  const { model: _, stream_options: __, messages, ...rest } = asked;
  return {
    ...rest,
    max_tokens: rest.max_tokens ?? DEFAULT_MAX_TOKENS,
    // Several models refuse the null that OpenAI puts beside tool calls.
    messages: Array.isArray(messages)
      ? messages.map((message: unknown) =>
          isRecord(message) && message.content === null ? { ...message, content: "" } : message,
        )
      : [],
  };
}

/** `run` takes no signal on every runtime; the answer of a cut call is thrown away. */
async function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  let stop: (() => void) | undefined;
  try {
    return await Promise.race([
      work,
      new Promise<never>((_, reject) => {
        stop = () => reject(signal.reason);
        signal.addEventListener("abort", stop, { once: true });
      }),
    ]);
  } finally {
    if (stop) signal.removeEventListener("abort", stop);
  }
}

/** Server-sent events in, server-sent events out; lines may be torn anywhere. */
function asOpenAiChunks(): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  const translate = new Translation();
  let rest = "";
  return new TransformStream({
    transform(bytes, controller) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split(/\r?\n/);
      rest = lines.pop() ?? "";
      for (const line of lines) {
        for (const data of translate.line(line)) controller.enqueue(encoder.encode(`data: ${data}\n\n`));
      }
    },
    flush(controller) {
      for (const data of translate.line(rest)) controller.enqueue(encoder.encode(`data: ${data}\n\n`));
    },
  });
}

class Translation {
  #old = false;
  #calls = 0;

  /** The `data` of the events that stand for one line of the model's. */
  line(line: string): string[] {
    if (!line.startsWith("data:")) return [];
    const data = line.slice(5).trim();
    if (data === "[DONE]") return this.#old ? [this.#chunk({}, this.#calls > 0 ? "tool_calls" : "stop"), data] : [data];
    const event = parse(data);
    if (!isRecord(event) || "choices" in event || "error" in event) return [data];
    if (!("response" in event || "tool_calls" in event)) return [data];
    this.#old = true;
    const chunks: string[] = [];
    if (typeof event.response === "string" && event.response !== "")
      chunks.push(this.#chunk({ content: event.response }));
    for (const call of Array.isArray(event.tool_calls) ? event.tool_calls : []) {
      if (isRecord(call)) chunks.push(this.#chunk({ tool_calls: [this.#call(call)] }));
    }
    if (isRecord(event.usage)) chunks.push(JSON.stringify({ choices: [], usage: event.usage }));
    return chunks;
  }

  #call(call: Record<string, unknown>): Record<string, unknown> {
    const index = this.#calls++;
    const made = isRecord(call.function) ? call.function : call;
    const written = made.arguments ?? {};
    return {
      index,
      id: typeof call.id === "string" ? call.id : `call_${index}`,
      type: "function",
      function: { name: made.name, arguments: typeof written === "string" ? written : JSON.stringify(written) },
    };
  }

  #chunk(delta: Record<string, unknown>, finish: string | null = null): string {
    return JSON.stringify({ choices: [{ index: 0, delta, finish_reason: finish }] });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
