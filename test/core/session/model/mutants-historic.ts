import type { Mutant } from "./mutants.ts";

/** The six mistakes of design.md: each has killed, doubled or deafened a session in the field. */
export const HISTORIC: readonly Mutant[] = [
  {
    name: "reset without release",
    file: "stop.ts",
    text: `{ ...session, turn: { phase: "idle" }, queue: [] };\n  const opened`,
    by: `{ ...session, queue: [] };\n  const opened`,
    foundBy: ["1", "3", "15"],
  },
  {
    name: "release without asking who owns",
    file: "report.ts",
    text: `if (turn.phase !== "running" || turn.run !== event.run) {`,
    by: `if (turn.phase !== "running") {`,
    foundBy: ["5", "6"],
  },
  {
    name: "a busy check that reads a second flag",
    file: "turnover.ts",
    text: `turn: running, queue, spoken: true, choices }`,
    by: `turn: running, queue, spoken: true, choices, isBusy: true }`,
    and: {
      file: "arrival.ts",
      text: `const queue = rest.length > 0 ? placed(session.queue, [input, ...rest]) : enqueued(session.queue, input);\n      return after(`,
      by: `const queue = enqueued(session.queue, input);\n      if (session.isBusy) return enqueueAloud(session, input, at.now);\n      return after(`,
    },
    foundBy: ["12", "19"],
  },
  {
    name: "eviction without cutting",
    file: "alarm.ts",
    text: `{ do: "cut", run: turn.run },`,
    by: "",
    foundBy: ["3", "7", "8"],
  },
  {
    name: "an alarm forgotten on one path",
    file: "session.ts",
    text: `    case "waiting":\n      return turn.untilAt;`,
    by: `    case "waiting":\n      return turn.phase === "waiting" && turn.why === "person" ? undefined : turn.untilAt;`,
    foundBy: ["4"],
  },
  {
    name: "a counter reused as a fence",
    file: "turnover.ts",
    text: `    run: at.newRun,`,
    by: `    run: "run-" + session.epoch,`,
    foundBy: ["5", "6"],
  },
];
