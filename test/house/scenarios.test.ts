import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

/** docs/scenarios.md points at real tests, each by its exact name, and leaves no scenario without a test or a reason. */

const ROOT = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(ROOT, "docs/scenarios.md"), "utf8");
const lines = page.split("\n").flatMap((line) => {
  const [, theirs, ours] = /^\| (.+?) \| (.+) \|$/.exec(line) ?? [];
  const isHead = theirs === undefined || ours === undefined || ours === "ours" || theirs.startsWith("---");
  return isHead ? [] : [{ theirs, ours }];
});

/** Test files of hermes-agent that its part of the reference lists. */
const THEIRS =
  "session_state_cleanup session_race_guard busy_session_ack command_bypass_active_session queue_consumption pending_event_none lazy_session_regressions turn_lease gateway_inactivity_timeout restart_drain restart_resume_pending stuck_loop restart_redelivery_dedup restart_notification clean_shutdown_marker gateway_shutdown delivery_ledger send_retry stream_consumer stream_final_contract telegram_final_delivery telegram_format telegram_thread_fallback telegram_group_gating telegram_documents telegram_long_command_batching telegram_update_dedup telegram_conflict dm_topics telegram_approval_buttons telegram_clarify_buttons telegram_model_picker base_topic_sessions session_model_override_routing auth_fallback compression_concurrent_sessions compression_session_id_persistence prompt_tail_freeze multiplex_transport_matrix pre_gateway_dispatch credential_pool credential_pool_routing error_classifier init_fallback_on_exhausted_pool env_credential_turn_refresh".split(
    " ",
  );

const REFERENCE = /`(test\/[\w/.-]+\.test\.ts)` › "([^"]+)"/g;

function referencesIn(ours: string): { path: string; name: string }[] {
  return [...ours.matchAll(REFERENCE)].map((match) => ({ path: match[1] ?? "", name: match[2] ?? "" }));
}

/** `it("name"`, `test.each(…)("name"` and their like; not the name of a describe. */
function hasTest(text: string, name: string): boolean {
  for (const quote of ['"', "`", "'"]) {
    for (
      let at = text.indexOf(`${quote}${name}${quote}`);
      at >= 0;
      at = text.indexOf(`${quote}${name}${quote}`, at + 1)
    ) {
      const before = text.slice(0, at).trimEnd();
      if (before.endsWith("(") && !/\bdescribe(?:\.\w+)*\($/.test(before)) return true;
    }
  }
  return false;
}

describe("the table of scenarios", () => {
  test("has a line for every test file of theirs that is known, and for each of the eleven that they lack", () => {
    for (const name of THEIRS) {
      expect(
        lines.some(({ theirs }) => new RegExp(`\\btest_${name}:`).test(theirs)),
        `test_${name}`,
      ).toBe(true);
    }
    for (const letter of "abcdefghijk") {
      expect(
        lines.filter(({ theirs }) => theirs.startsWith(`(${letter}) `)),
        letter,
      ).toHaveLength(1);
    }
  });

  test("has no file of theirs that is not known", () => {
    const named = lines.flatMap(({ theirs }) => /\btest_(\w+):/.exec(theirs)?.[1] ?? []);
    expect([...new Set(named)].sort()).toEqual([...THEIRS].sort());
  });

  test.each(lines)("$theirs: has a test, or a reason why not", ({ ours }) => {
    if (ours.startsWith("— ")) {
      expect(ours.length).toBeGreaterThan(25);
      return;
    }
    const references = referencesIn(ours);
    expect(references.length).toBe(ours.split(/"; (?=`)/).length);
    for (const { path, name } of references) {
      expect(existsSync(join(ROOT, path)), path).toBe(true);
      expect(hasTest(readFileSync(join(ROOT, path), "utf8"), name), `${path} › ${name}`).toBe(true);
    }
  });

  test("is found out where it names a test that is not there, or only a describe", () => {
    const text =
      'describe("a turn", () => {\n  it(\n    "is answered", () => {});\n  it.each([1])("is %s", () => {});\n});';
    expect(["is answered", "is %s"].every((name) => hasTest(text, name))).toBe(true);
    expect(["a turn", "is", "answered"].some((name) => hasTest(text, name))).toBe(false);
  });
});
