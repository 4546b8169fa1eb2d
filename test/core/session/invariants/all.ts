import { EPOCHS } from "./epochs.ts";
import { LEASES } from "./leases.ts";
import { MESSAGES } from "./messages.ts";
import { RUNS } from "./runs.ts";
import { OUT_OF_TIME, TIME } from "./time.ts";

/**
 * The promises of reference/hermes.md, part 7, that the core can keep. 9 holds by the shape of the value (there is one);
 * 10, 14, 21, 24–32 and 35–37 are the shell's, and are tested there.
 */
export const CHECKS = [...MESSAGES, ...RUNS, ...TIME, ...EPOCHS, ...LEASES];
export const STATE_CHECKS = OUT_OF_TIME;
