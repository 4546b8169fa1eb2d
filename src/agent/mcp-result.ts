import * as z from "zod";

/**
 * What an MCP tool answers, as text for a model. Parts that are no text are named, not dropped: the model can say that
 * there was a picture.
 */

const text = z.object({ type: z.literal("text"), text: z.string() }).transform((part) => part.text);
const image = z
  .object({ type: z.enum(["image", "audio"]), mimeType: z.string() })
  .transform((part) => `[${part.type}, ${part.mimeType}, not shown]`);
const resource = z
  .object({ type: z.literal("resource"), resource: z.object({ uri: z.string(), text: z.string().optional() }) })
  .transform(({ resource: { uri, text } }) => (text === undefined ? `[${uri}, not shown]` : `${uri}\n${text}`));
const link = z
  .object({ type: z.literal("resource_link"), uri: z.string(), name: z.string() })
  .transform((part) => `${part.name}: ${part.uri}`);
const other = z.object({ type: z.string() }).transform((part) => `[${part.type}, not shown]`);

const answerSchema = z.object({
  content: z.array(z.union([text, image, resource, link, other])).default([]),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().default(false),
});

export function callResult(answer: unknown): { readonly text: string; readonly isError: boolean } {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) return { text: "The answer cannot be read.", isError: true };
  const { content, structuredContent, isError } = parsed.data;
  const written = content.join("\n\n").trim();
  return {
    text: written || (structuredContent === undefined ? "(nothing)" : JSON.stringify(structuredContent)),
    isError,
  };
}
