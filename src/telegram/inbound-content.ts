import type { Content, Origin, RawChat, RawUser } from "./inbound-schema.ts";
import type { Attachment } from "./message.ts";

/** What a message carries besides words: files that can be fetched, and a line of words for everything else. */

type RawFile = NonNullable<Content["document"]>;

/** In the order in which Telegram would name them; an animation comes with a `document` twin, which is left out. */
export function attachmentsOf(content: Content): Attachment[] {
  const found: Attachment[] = [];
  const photo = largest(content.photo ?? content.live_photo?.photo ?? []);
  if (photo !== undefined) found.push(attachment("photo", photo));
  if (content.animation) found.push(attachment("animation", content.animation));
  else if (content.document) found.push(attachment("document", content.document));
  if (content.voice) found.push(attachment("voice", content.voice));
  if (content.audio) {
    const { performer, title, file_name } = content.audio;
    const name = file_name ?? [performer, title].filter((part) => part !== undefined).join(" – ");
    found.push(attachment("audio", { ...content.audio, file_name: name === "" ? undefined : name }));
  }
  if (content.video) found.push(attachment("video", content.video));
  if (content.video_note) found.push(attachment("video_note", content.video_note));
  // Animated stickers (Lottie, WebM) are nothing a model can look at: they are a note with their emoji.
  if (content.sticker && !isMoving(content.sticker)) {
    const { emoji } = content.sticker;
    found.push({
      ...attachment("sticker", { mime_type: "image/webp", ...defined(content.sticker) }),
      ...(emoji ? { emoji } : {}),
    });
  }
  return found;
}

function attachment(kind: Attachment["kind"], file: RawFile): Attachment {
  return {
    kind,
    fileId: file.file_id,
    uniqueId: file.file_unique_id ?? file.file_id,
    ...(file.file_size === undefined ? {} : { bytes: file.file_size }),
    ...(file.mime_type === undefined ? {} : { mime: file.mime_type.toLowerCase().slice(0, 128) }),
    ...(file.file_name === undefined ? {} : { name: cut(file.file_name, 255) }),
    ...(file.duration === undefined ? {} : { seconds: file.duration }),
  };
}

function defined(sticker: NonNullable<Content["sticker"]>): RawFile {
  const { mime_type, ...file } = sticker;
  return mime_type === undefined ? file : { ...file, mime_type };
}

function largest(sizes: NonNullable<Content["photo"]>): RawFile | undefined {
  const area = (size: (typeof sizes)[number]) => (size.width ?? 0) * (size.height ?? 0);
  let best = sizes[0];
  for (const size of sizes) {
    if (
      best === undefined ||
      area(size) > area(best) ||
      (area(size) === area(best) && (size.file_size ?? 0) > (best.file_size ?? 0))
    )
      best = size;
  }
  return best;
}

function isMoving(sticker: NonNullable<Content["sticker"]>): boolean {
  return sticker.is_animated === true || sticker.is_video === true;
}

/** A line each for what is no file and no text. */
export function notesOf(content: Content): string[] {
  const notes: string[] = [];
  const { venue, location, contact, dice, poll, checklist, sticker, story, game, invoice, web_app_data } = content;
  // A venue carries its location a second time.
  if (venue)
    notes.push(`Venue: ${[venue.title, venue.address].filter(Boolean).join(", ")} (${coordinates(venue.location)})`);
  else if (location) notes.push(`${location.live_period ? "Live location" : "Location"}: ${coordinates(location)}`);
  if (contact) {
    const name = [contact.first_name, contact.last_name].filter(Boolean).join(" ");
    notes.push(`Contact: ${[name, contact.phone_number].filter(Boolean).join(", ")}`);
  }
  if (dice) notes.push(`Dice: ${dice.emoji} shows ${dice.value}`);
  if (poll) {
    const options = (poll.options ?? []).slice(0, MAX_ITEMS).map(({ text }) => cut(text, ITEM_CHARS));
    notes.push(`${poll.type === "quiz" ? "Quiz" : "Poll"}: ${poll.question} Options: ${options.join("; ")}`);
  }
  if (checklist) {
    const tasks = (checklist.tasks ?? []).slice(0, MAX_ITEMS);
    const lines = tasks.map((task) => `[${task.completion_date ? "x" : " "}] ${cut(task.text, ITEM_CHARS)}`);
    notes.push(`Checklist: ${checklist.title}: ${lines.join("; ")}`);
  }
  if (sticker && isMoving(sticker)) notes.push(`Sticker: ${sticker.emoji ?? "without an emoji"} (animated)`);
  if (story) notes.push(`A story${story.chat ? ` of ${nameOfChat(story.chat)}` : ""}, which bots cannot open`);
  if (game) notes.push(`A game: ${game.title}`);
  if (invoice) notes.push(`An invoice: ${invoice.title}`);
  if (content.giveaway) notes.push("A giveaway, which bots cannot take part in");
  if (content.paid_media) notes.push("Paid media, which bots cannot open");
  if (web_app_data) notes.push(`Data of a web app: ${web_app_data.data}`);
  return notes.map((note) => cut(note.replace(/\s+/g, " ").trim(), NOTE_CHARS));
}

const NOTE_CHARS = 4096;
const ITEM_CHARS = 300;
/** Telegram allows 30 tasks and 12 options; a little room for what it may allow later. */
const MAX_ITEMS = 50;

function coordinates(location: NonNullable<Content["location"]>): string {
  const accuracy = location.horizontal_accuracy ? `, within ${Math.round(location.horizontal_accuracy)} m` : "";
  return `${location.latitude}, ${location.longitude}${accuracy}`;
}

/** Whom a forwarded message comes from, as a name. */
export function nameOfOrigin(origin: Origin): string {
  const chat = origin.chat ?? origin.sender_chat;
  const name = origin.sender_user
    ? nameOfUser(origin.sender_user)
    : (origin.sender_user_name ?? (chat && nameOfChat(chat)));
  const signed = origin.author_signature && name !== undefined ? `${name} (${origin.author_signature})` : name;
  return cut(signed ?? "somebody unknown", NAME_CHARS);
}

export function nameOfUser(user: RawUser): string {
  const name = [user.first_name, user.last_name].filter(Boolean).join(" ").trim();
  return oneLine(name || user.username || `user ${user.id}`);
}

export function nameOfChat(chat: RawChat): string {
  const name = chat.title ?? [chat.first_name, chat.last_name].filter(Boolean).join(" ").trim();
  return oneLine(name || chat.username || `chat ${chat.id}`);
}

const NAME_CHARS = 128;

/** A name stands before a colon in a transcript: a line break in it could pretend to be another speaker. */
function oneLine(name: string): string {
  return cut(name.replace(/[\s\p{Cc}\u2028\u2029]+/gu, " ").trim(), NAME_CHARS);
}

/** At most `chars` UTF-16 units, the sign of the cut included, and never half a character. */
export function cut(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const end = chars - 1;
  const splitsPair = (text.charCodeAt(end) & 0xfc00) === 0xdc00;
  return `${text.slice(0, splitsPair ? end - 1 : end)}…`;
}
