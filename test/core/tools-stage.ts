import { DatabaseSync } from "node:sqlite";
import type { Reminder } from "../../src/agent/reminders.ts";
import type { CodeLoader } from "../../src/agent/tools/run-javascript.ts";
import type { SandboxCode } from "../../src/agent/tools/sandbox.ts";
import type { ToolContext } from "../../src/agent/tools/tool.ts";
import type { Sql } from "../../src/person/search.ts";
import { PersonShell } from "../../src/person/shell.ts";

/** What tools act upon, in memory: everything a test may look at afterwards. */

export const NOON = Date.parse("2026-11-22T12:00:00Z");

/** node:sqlite as the Durable Object's `sql`. */
export function memorySql(): Sql {
  const database = new DatabaseSync(":memory:");
  return {
    exec: (query, ...values) => {
      const rows = database.prepare(query).all(...values);
      return { toArray: () => rows };
    },
  };
}

export function stage(changes: Partial<ToolContext> = {}) {
  const shell = new PersonShell(memorySql(), () => NOON);
  const rows: Reminder[] = [];
  const files: { name: string; mime: string; bytes: Uint8Array }[] = [];
  const requested: string[] = [];
  const context: ToolContext = {
    signal: new AbortController().signal,
    now: NOON,
    session: "telegram:1",
    fetch: () => Promise.reject(new Error("no network here")),
    person: {
      remember: async (request) => shell.remember(request),
      recall: async (request) => shell.recall(request),
      forget: async (request) => shell.forget(request),
    },
    reminders: {
      add: (row) => {
        if (rows.length >= 3) return { refused: "there are 3 already." };
        rows.push({ id: rows.length + 1, ...row });
        return { id: rows.length };
      },
      list: () => rows,
      cancel: (id) => {
        const index = rows.findIndex((row) => row.id === id);
        if (index >= 0) rows.splice(index, 1);
        return index >= 0;
      },
    },
    files: {
      send: async (file) => {
        files.push(file);
        return { ok: true };
      },
    },
    requestReset: () => requested.push("reset") > 0,
    settings: {},
    ...changes,
  };
  return { context, shell, rows, files, requested };
}

/** Arguments as the contract writes them, one for each tool. */
export const sampleArguments: Readonly<Record<string, object>> = {
  session_reset: {},
  now: { timezone: "Europe/Berlin" },
  fetch_page: { url: "https://example.com/tea" },
  web_search: { query: "tea" },
  remember: { text: "Likes tea." },
  recall: { query: "tea" },
  forget: { id: 1 },
  remind: { text: "tea", in_seconds: 60 },
  reminders: {},
  cancel_reminder: { id: 1 },
  ask: { question: "tea?", options: ["yes", "no"] },
  send_file: { name: "tea.txt", content: "tea", mime: "text/plain" },
  run_javascript: { code: "1 + 1" },
  load_skill: { name: "summarize" },
};

/** A sandbox that answers as the test says; what it throws is what the platform would. */
export function loading(answer: (code: SandboxCode, signal: AbortSignal) => string | Promise<string>): CodeLoader {
  return {
    load: (code) => ({
      getEntrypoint: () => ({ fetch: async (_url, { signal }) => new Response(await answer(code, signal)) }),
    }),
  };
}
