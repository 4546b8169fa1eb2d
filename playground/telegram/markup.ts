import { isRecord } from "./args.ts";
import { checkEntities, detect, type Formatted, trim } from "./entities.ts";
import { MarkupError } from "./markup-error.ts";
import { parseHtml } from "./markup-html.ts";
import { parseMarkdown, parseMarkdownV2 } from "./markup-markdown.ts";
import { badRequest } from "./refusal.ts";

/** Text as a method takes it, by `parse_mode` or by `entities`: parsed, checked, trimmed, with links found in it. */
export function readFormatted(
  text: string,
  parseMode: string | undefined,
  entities: readonly unknown[] | undefined,
): Formatted {
  const formatted = parseMode ? parse(text, parseMode) : { text, entities: checkEntities(text, entities ?? []) };
  return detect(trim(formatted));
}

function parse(text: string, parseMode: string): Formatted {
  try {
    switch (parseMode.toLowerCase()) {
      case "html":
        return parseHtml(text);
      case "markdownv2":
        return parseMarkdownV2(text);
      case "markdown":
        return parseMarkdown(text);
    }
  } catch (error) {
    if (error instanceof MarkupError) throw badRequest(`can't parse entities: ${error.message}`);
    throw error;
  }
  throw badRequest("unsupported parse_mode");
}

export const TEXT_LIMIT_CHARS = 4096;
export const CAPTION_LIMIT_CHARS = 1024;

export function requireText(formatted: Formatted): Formatted {
  if (formatted.text === "") throw badRequest("message text is empty");
  if (formatted.text.length > TEXT_LIMIT_CHARS) throw badRequest("message is too long");
  return formatted;
}

export function requireCaption(formatted: Formatted): Formatted {
  if (formatted.text.length > CAPTION_LIMIT_CHARS) throw badRequest("message caption is too long");
  return formatted;
}

/** An inline keyboard as Telegram would keep it. */
export interface Button {
  readonly text: string;
  readonly callback_data?: string;
  readonly url?: string;
  readonly style?: string;
}
export type Keyboard = readonly (readonly Button[])[];

const CALLBACK_DATA_LIMIT_BYTES = 64;
const BUTTONS_LIMIT = 100;

export function readKeyboard(markup: Readonly<Record<string, unknown>> | undefined): Keyboard | undefined {
  if (markup === undefined || markup.inline_keyboard === undefined) return undefined;
  if (!Array.isArray(markup.inline_keyboard)) throw badRequest('field "inline_keyboard" must be of type Array');
  const rows = markup.inline_keyboard.map((row: unknown) => {
    if (!Array.isArray(row)) throw badRequest("can't parse reply keyboard markup JSON object");
    return row.map(readButton);
  });
  if (rows.flat().length > BUTTONS_LIMIT) throw badRequest("REPLY_MARKUP_TOO_LONG");
  return rows.filter((row) => row.length > 0);
}

function readButton(value: unknown): Button {
  if (!isRecord(value)) throw badRequest("can't parse inline keyboard button: expected an Object");
  const { text, callback_data: data, url, style, ...rest } = value;
  if (typeof text !== "string" || text === "") {
    throw badRequest('can\'t parse inline keyboard button: Field "text" must be of type String');
  }
  if (data === undefined && url === undefined && Object.keys(rest).length === 0) {
    throw badRequest("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard");
  }
  if (data !== undefined) {
    const bytes = typeof data === "string" ? Buffer.byteLength(data) : 0;
    if (bytes < 1 || bytes > CALLBACK_DATA_LIMIT_BYTES) throw badRequest("BUTTON_DATA_INVALID");
  }
  if (url !== undefined && !/^(https?|tg):\/\/\S+$/.test(String(url))) throw badRequest("BUTTON_URL_INVALID");
  return {
    text,
    ...(typeof data === "string" ? { callback_data: data } : {}),
    ...(url === undefined ? {} : { url: String(url) }),
    ...(typeof style === "string" ? { style } : {}),
  };
}
