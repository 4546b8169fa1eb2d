import { isDeepStrictEqual } from "node:util";
import { runOf } from "../../src/core/session.ts";
import { step } from "../../src/core/step.ts";
import type { Check } from "../facts.ts";

const WITH_ENTRY: ReadonlySet<string> = new Set(["stepped", "answered", "chosen", "compacted"]);

export const REPLAY: readonly Check[] = [
  {
    name: "9: the journal alone tells how each value came to be",
    watch: () => ({
      transition: ({ before, after, event, at, seq }) => {
        const began = runOf(after)?.run;
        const newRun = began !== undefined && began !== runOf(before)?.run ? began : "no-run-began";
        const entry = WITH_ENTRY.has(event.type) ? { entry: {} } : {};
        const computed = step(before, Object.assign({}, event, entry), { now: at, newRun });
        const isSame = isDeepStrictEqual(JSON.parse(JSON.stringify(computed.session)), after);
        return isSame ? undefined : `event ${seq} (${event.type}) leads elsewhere when it is decided again`;
      },
    }),
  },
];
