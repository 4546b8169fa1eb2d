/** What the session knows of where it is and who it talks to; kept beside the value, since no rule depends on it. */
export interface Whereabouts {
  readonly chatId: number;
  readonly chatType: "private" | "group" | "supergroup" | "channel";
  readonly threadId?: number;
  readonly title?: string;
  readonly language?: string;
  /** Who wrote last: whose memory, clock and language count. */
  readonly userId?: number;
  readonly userName?: string;
  readonly timezone?: string;
  /** False since Telegram said that nothing may be written here. */
  readonly reachable?: boolean;
}

/** What a time zone adds to UTC at that time; it is asked at each wake, which is often enough for a clock change. */
export function clockOffsetMs(timezone: string, at: number): number {
  const written = new Intl.DateTimeFormat("en", { timeZone: timezone, timeZoneName: "longOffset" }).format(at);
  const match = /GMT([+-])(\d{2}):(\d{2})/.exec(written);
  if (!match) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3]);
  return (match[1] === "-" ? -minutes : minutes) * 60_000;
}

/** What the key alone tells; the first message tells the rest. */
export function whereaboutsOf(key: string): Whereabouts {
  const chatId = Number(/^telegram:(-?\d+)/.exec(key)?.[1] ?? 0);
  const threadId = /:topic:(\d+)/.exec(key)?.[1];
  return {
    chatId,
    chatType: chatId > 0 ? "private" : "supergroup",
    ...(threadId ? { threadId: Number(threadId) } : {}),
  };
}
