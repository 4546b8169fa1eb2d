import * as z from "zod";

/**
 * A stream was asked for and JSON came. Two kinds are known: OpenRouter answers 200 with a body that holds an error when the
 * upstream failed before the first token; small servers ignore `stream: true` and send the whole answer. Read as a stream
 * either would be an empty one: the reason lost, or the answer. So the first becomes the failed response that it is, the second
 * the stream that was asked for.
 */
export function streamingFetch(send: typeof fetch): typeof fetch {
  return async (input, init) => {
    const response = await send(input, init);
    const isJson = /^application\/json\b/i.test(response.headers.get("content-type") ?? "");
    if (!response.ok || !isJson || response.body === null) return response;
    // Some servers send a stream under this type, too: it must not be held back.
    const [peeked, body] = response.body.tee();
    if (!(await beginsWithBrace(peeked))) return new Response(body, response);
    const text = await new Response(body).text();
    const headers = new Headers(response.headers);
    headers.delete("content-encoding");
    headers.delete("content-length");
    const answer = parse(text);
    const failed = failedSchema.safeParse(answer).data;
    if (failed) return new Response(text, { status: statusOf(failed.error), headers });
    const whole = wholeSchema.safeParse(answer).data;
    if (!whole) return new Response(text, { status: response.status, headers });
    headers.set("content-type", "text/event-stream");
    return new Response(eventsOf(whole), { headers });
  };
}

const failedSchema = z.looseObject({ error: z.union([z.string(), z.looseObject({})]) });

const wholeSchema = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        message: z.looseObject({ tool_calls: z.array(z.looseObject({})).nullish() }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
});

async function beginsWithBrace(body: ReadableStream<Uint8Array>): Promise<boolean> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let start = "";
  while (start === "") {
    const { done, value } = await reader.read();
    if (done) break;
    start = decoder.decode(value, { stream: true }).trimStart();
  }
  void reader.cancel();
  return start.startsWith("{");
}

function statusOf(error: z.infer<typeof failedSchema>["error"]): number {
  const code = typeof error === "string" ? Number.NaN : Number(error.code);
  return code >= 400 && code <= 599 ? code : 502;
}

/** One chunk with everything, as the stream's last would be, and the end. */
function eventsOf({ choices, ...rest }: z.infer<typeof wholeSchema>): string {
  const chunk = {
    ...rest,
    object: "chat.completion.chunk",
    choices: choices.slice(0, 1).map(({ message, finish_reason }) => ({
      index: 0,
      delta: { ...message, tool_calls: message.tool_calls?.map((call, index) => ({ index, ...call })) },
      finish_reason: finish_reason ?? "stop",
    })),
  };
  return `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
