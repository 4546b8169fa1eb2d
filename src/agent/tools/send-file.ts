import * as z from "zod";
import { cutText, refused, said, short, type Tool } from "./tool.ts";

/** A delivery is one row of at most 2 MB, base64 included. A model writes less than this in one call anyway. */
const MOST_BYTES = 1024 * 1024;

/** Not repeatable: a second document would arrive. */
export const sendFile: Tool<{ name: string; content: string; mime?: string | undefined }> = {
  name: "send_file",
  description:
    "Sends a document into this chat. content is its text, or data:…;base64,… for bytes (a picture). Only when the person wants a file.",
  arguments: z.object({
    name: z.string().describe("file name with extension"),
    content: z.string(),
    mime: z.string().optional().describe("media type; text/plain if left out"),
  }),
  repeatable: false,
  limitMs: 60_000,
  status: (given) => ({ key: "tool.send_file", params: { name: short(given.name) } }),
  async run(given, context) {
    const data = readDataUrl(given.content);
    if (data === "broken") return refused("The file was not sent: the base64 after data:…;base64, cannot be read.");
    const bytes = data?.bytes ?? new TextEncoder().encode(given.content);
    if (bytes.length === 0) return refused("The file was not sent: its content is empty.");
    if (bytes.length > MOST_BYTES)
      return refused(`The file was not sent: it is larger than ${MOST_BYTES / 1048576} MB.`);
    const name = safeName(given.name);
    const stated = given.mime?.split(";")[0]?.trim().toLowerCase() ?? "";
    const mime = /^[\w.+-]+\/[\w.+-]+$/.test(stated) ? stated : (data?.mime ?? "text/plain");
    const sent = await context.files.send({ name, mime, bytes });
    return sent.ok
      ? said(`Sent as ${name} (${bytes.length} bytes).`)
      : refused(`The file was not sent: ${sent.expected}`);
  },
};

/** undefined: it is not one. */
function readDataUrl(content: string): { mime: string; bytes: Uint8Array } | "broken" | undefined {
  const match = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.+-]+)*;base64,/i.exec(content);
  if (!match) return undefined;
  try {
    const binary = atob(content.slice(match[0].length).replace(/\s+/g, ""));
    return {
      mime: match[1]?.toLowerCase() ?? "application/octet-stream",
      bytes: Uint8Array.from(binary, (character) => character.charCodeAt(0)),
    };
  } catch {
    return "broken";
  }
}

/** The last part of a path, without what no file system takes. */
function safeName(name: string): string {
  const last = name.split(/[/\\]/).pop() ?? "";
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is removed
  const clean = cutText(last.replace(/[\u0000-\u001f\u007f<>:"|?*\u202a-\u202e\u2066-\u2069]/g, "").trim(), 100);
  const named = clean.replace(/^\.+/, "") || "file";
  return named.includes(".") ? named : `${named}.txt`;
}
