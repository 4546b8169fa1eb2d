import type { Check } from "../facts.ts";
import { CHAT } from "./chat.ts";
import { CREDENTIALS } from "./credentials.ts";
import { FATES } from "./fates.ts";
import { LOGS } from "./logs.ts";
import { REPLAY } from "./replay.ts";
import { ROWS } from "./rows.ts";
import { RUNS } from "./runs.ts";
import { TIME } from "./time.ts";

/** Every promise that a simulated world is held to. Numbers as in reference/hermes.md, part 7, and in the README. */
export const CHECKS: readonly Check[] = [
  ...FATES,
  ...TIME,
  ...RUNS,
  ...CHAT,
  ...CREDENTIALS,
  ...ROWS,
  ...LOGS,
  ...REPLAY,
];
