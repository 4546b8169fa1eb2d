import { isRecord } from "../telegram/args.ts";

/** One message of a request, whichever dialect it was written in. */
export interface Said {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly text: string;
  readonly images: number;
  /** Tools the assistant called in this message. */
  readonly calls: readonly { readonly id: string; readonly name: string; readonly args: string }[];
  /** Set on a tool's result. */
  readonly result?: { readonly id: string; readonly name: string };
}

/** What a request to the model says, in one form for both dialects. */
export interface Conversation {
  readonly dialect: "openai" | "anthropic";
  readonly model: string;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  readonly system: string;
  readonly messages: readonly Said[];
  readonly tools: readonly string[];
}

export function readConversation(dialect: Conversation["dialect"], body: unknown): Conversation | undefined {
  if (!isRecord(body) || !Array.isArray(body.messages) || typeof body.model !== "string") return undefined;
  const said = body.messages.flatMap((message) =>
    dialect === "openai" ? fromOpenAi(message) : fromAnthropic(message),
  );
  const messages = withToolNames(said);
  const system =
    dialect === "anthropic"
      ? words(body.system)
      : messages
          .filter(({ role }) => role === "system")
          .map(({ text }) => text)
          .join("\n");
  return {
    dialect,
    model: body.model,
    stream: body.stream === true,
    includeUsage: isRecord(body.stream_options) && body.stream_options.include_usage === true,
    system,
    messages: messages.filter(({ role }) => role !== "system"),
    tools: (Array.isArray(body.tools) ? body.tools : []).map(toolName).filter((name) => name !== ""),
  };
}

/** What the person said last. */
export function lastUserText(conversation: Conversation): string {
  return conversation.messages.findLast(({ role }) => role === "user")?.text ?? "";
}

/** The results of the tools called last, if the conversation ends with them. */
export function freshResults(conversation: Conversation): Said[] {
  const results: Said[] = [];
  for (const message of [...conversation.messages].reverse()) {
    if (message.role !== "tool") break;
    results.unshift(message);
  }
  return results;
}

function toolName(tool: unknown): string {
  if (!isRecord(tool)) return "";
  return String(isRecord(tool.function) ? tool.function.name : (tool.name ?? ""));
}

function fromOpenAi(message: unknown): Said[] {
  if (!isRecord(message)) return [];
  const role = message.role === "developer" ? "system" : message.role;
  if (role !== "system" && role !== "user" && role !== "assistant" && role !== "tool") return [];
  const calls = (Array.isArray(message.tool_calls) ? message.tool_calls : []).filter(isRecord).map((call) => ({
    id: String(call.id),
    name: isRecord(call.function) ? String(call.function.name) : "",
    args: isRecord(call.function) ? String(call.function.arguments) : "",
  }));
  const result = role === "tool" ? { result: { id: String(message.tool_call_id), name: "" } } : {};
  return [{ role, text: words(message.content), images: images(message.content), calls, ...result }];
}

function fromAnthropic(message: unknown): Said[] {
  if (!isRecord(message) || (message.role !== "user" && message.role !== "assistant")) return [];
  const parts = Array.isArray(message.content) ? message.content.filter(isRecord) : [];
  const calls = parts
    .filter(({ type }) => type === "tool_use")
    .map((part) => ({ id: String(part.id), name: String(part.name), args: JSON.stringify(part.input) }));
  const results = parts
    .filter(({ type }) => type === "tool_result")
    .map(
      (part): Said => ({
        role: "tool",
        text: words(part.content),
        images: 0,
        calls: [],
        result: { id: String(part.tool_use_id), name: "" },
      }),
    );
  const text = words(message.content);
  const own: Said = { role: message.role, text, images: images(message.content), calls };
  return results.length > 0 && text === "" ? results : [...results, own];
}

/** Results name only the id of their call; the name is found among the calls before. */
function withToolNames(messages: readonly Said[]): Said[] {
  const names = new Map(messages.flatMap(({ calls }) => calls.map(({ id, name }) => [id, name] as const)));
  return messages.map((message) =>
    message.result ? { ...message, result: { ...message.result, name: names.get(message.result.id) ?? "" } } : message,
  );
}

function words(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .filter(isRecord)
    .filter(({ type }) => type === "text")
    .map(({ text }) => String(text))
    .join("\n");
}

function images(content: unknown): number {
  if (!Array.isArray(content)) return 0;
  return content.filter((part) => isRecord(part) && (part.type === "image_url" || part.type === "image")).length;
}
