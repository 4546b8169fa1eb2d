import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect } from "vitest";
import { readSettings } from "../../../src/config.ts";
import { parseSessionKey, sessionKey } from "../../../src/core/key.ts";
import { admit, needsPairing, withoutOurMention } from "../../../src/telegram/gate.ts";
import { parseUpdate } from "../../../src/telegram/inbound.ts";
import { fuzz } from "./fuzz.ts";
import { mangled, odd } from "./mangled.ts";

const FOLDER = join(import.meta.dirname, "../fixtures/updates");
const UPDATES: unknown[] = readdirSync(FOLDER).map((name) => JSON.parse(readFileSync(join(FOLDER, name), "utf8")));
const BOT = { id: 7_000_000_001, username: "turnkeeper_bot" };
const SETTINGS = [readSettings({ ALLOWED_USERS: "*", OWNERS: "1001" }), readSettings({})];

function enters(body: unknown): void {
  const parsed = parseUpdate(body, 1_790_000_000_000);
  if (parsed.kind !== "inbound") return;
  const { inbound } = parsed;
  // What is let in is stored as JSON and read back: nothing may be lost by that.
  expect(JSON.parse(JSON.stringify(inbound))).toEqual(inbound);
  expect(Number.isSafeInteger(inbound.update)).toBe(true);
  for (const settings of SETTINGS) {
    for (const bot of [BOT, { id: BOT.id }]) {
      needsPairing(inbound, settings);
      const admission = admit(inbound, settings, bot, false, ["cc"]);
      if (inbound.kind !== "migrated" && settings === SETTINGS[1]) {
        expect(admission.ok && inbound.kind === "message", "a stranger is let in").toBe(false);
      }
      if (inbound.kind === "message" || inbound.kind === "edit") withoutOurMention(inbound.message, bot);
    }
  }
  const from = inbound.kind === "migrated" ? undefined : inbound.from;
  for (const group of ["shared", "per_user"] as const) {
    expect(parseSessionKey(sessionKey(inbound.place, from, group))).toBeDefined();
  }
}

describe("an update, whatever it holds", () => {
  fuzz(
    "is parsed, let in or turned away, and never throws: updates that were right once",
    3_000,
    mangled(UPDATES),
    enters,
  );
  fuzz(
    "is parsed, let in or turned away, and never throws: anything at all",
    500,
    fc.oneof(odd, fc.anything()),
    enters,
  );
});
