import type { Notice } from "../core/effect.ts";
import { safe, styled } from "../words/styled.ts";
import { untilWords, type WordKey, type WordParams, wordKey, words } from "../words/words.ts";
import type { NewDelivery } from "./outbox.ts";

/** What `step` says, in the words of the person who is told. */

export interface NoticeContext {
  readonly language: string | undefined;
  readonly timezone: string | undefined;
  readonly now: number;
  /** An owner is told what is wrong with the settings; nobody else is. */
  readonly owner: boolean;
}

export function noticeWords(notice: Notice, context: NoticeContext): NewDelivery["content"] {
  const { key, params } = keyed(notice, context);
  return { kind: "notice", ...styled(words(context.language, key, safeParams(params))) };
}

function keyed(notice: Notice, context: NoticeContext): { key: WordKey; params: WordParams } {
  const until = (at: number) => untilWords(context.language, at, context.now, context.timezone);
  switch (notice.key) {
    case "queued":
      return { key: "queued", params: { ahead: notice.ahead } };
    case "queue_full":
      return { key: "queue_full", params: { limit: notice.limit } };
    case "stopped":
      return { key: notice.dropped > 0 ? "stopped_dropped" : "stopped", params: { dropped: notice.dropped } };
    case "reset": {
      if (notice.dropped > 0) return { key: "reset_dropped", params: { dropped: notice.dropped } };
      return { key: wordKey(`reset_${notice.by}`, "reset"), params: {} };
    }
    case "timed_out_idle":
    case "timed_out_total":
      return { key: notice.key, params: { seconds: notice.seconds } };
    case "failed": {
      const detail = notice.detail ?? {};
      if (notice.reason === "config" && !context.owner) return { key: "failed_config_stranger", params: {} };
      return {
        key: wordKey(`failed_${notice.reason}`, "failed_internal"),
        params: { provider: "The provider", code: "?", model: "", ...detail },
      };
    }
    case "exhausted": {
      const reason = words(context.language, wordKey(`reason_${notice.detail?.reason ?? "unknown"}`, "reason_unknown"));
      return notice.untilAt === undefined
        ? { key: "exhausted", params: { reason } }
        : { key: "exhausted_until", params: { reason, until: until(notice.untilAt) } };
    }
    case "waiting":
      return { key: "waiting", params: { until: until(notice.untilAt) } };
    case "steered_behind_question":
      return { key: "queued_behind_question", params: {} };
    case "queued_behind_question":
    case "steered":
    case "interrupted":
    case "nothing_to_stop":
    case "question_expired":
    case "preferred":
      return { key: notice.key, params: {} };
    default:
      return notice satisfies never;
  }
}

function safeParams(params: WordParams): WordParams {
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, typeof value === "string" ? safe(value) : value]),
  );
}
