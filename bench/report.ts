import { type Kind, MEANING } from "./kinds.ts";
import type { Results, Timing } from "./run.ts";

/** The results as the README shows them. */
export function markdown(results: Results): string {
  const { ours, floor, toll, bundle, costs } = results;
  const rows: readonly (readonly [string, (timing: Timing) => number, number])[] = [
    ["acknowledgement p50, ms", (timing) => timing.ackP50Ms, 1],
    ["acknowledgement p99, ms", (timing) => timing.ackP99Ms, 1],
    ["first words of the answer p50, ms", (timing) => timing.firstP50Ms, 1],
    ["standing answer p50, ms", (timing) => timing.standingP50Ms, 1],
    ["standing answer p99, ms", (timing) => timing.standingP99Ms, 1],
    ["turns per second, 16 chats at once", (timing) => timing.turnsPerSecond, 0],
    ["CPU per turn, ms", (timing) => timing.cpuMsPerTurn, 2],
    ["CPU of a chat's first turn, ms", (timing) => timing.newSessionCpuMs, 2],
    ["memory per 1,000 live sessions, MB", (timing) => timing.megabytesPer1000Sessions, 0],
    ["start of workerd to the first 200, ms", (timing) => timing.startMs, 0],
    ["CPU of that, ms", (timing) => timing.startCpuMs, 0],
  ];
  const table = rows.map(([name, pick, digits]) =>
    line([
      name,
      pick(ours).toFixed(digits),
      pick(floor).toFixed(digits),
      (pick(ours) / pick(floor)).toFixed(2),
      ...(toll ? [pick(toll).toFixed(digits), (pick(toll) / pick(floor)).toFixed(2)] : []),
    ]),
  );
  const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(0);
  const kinds = Object.entries(costs).map(([kind, cost]) =>
    line([
      MEANING[kind as Kind],
      cost.rowsWritten,
      cost.rowsRead,
      cost.alarmsSet,
      cost.alarmsFired,
      cost.modelCalls,
      `${cost.telegramCalls} + ${cost.typingCalls}`,
      Object.entries(cost.objectCalls)
        .map(([name, times]) => `${name}${times > 1 ? ` ×${times}` : ""}`)
        .join(", "),
    ]),
  );
  return `${[
    line([`under ${results.host}`, "Turnkeeper", "floor", "ratio", ...(toll ? ["floor with the toll", "ratio"] : [])]),
    line(["---", "---:", "---:", "---:", ...(toll ? ["---:", "---:"] : [])]),
    ...table,
    line([
      "bundle, kB gzipped",
      kilobytes(bundle.ours),
      kilobytes(bundle.floor),
      (bundle.ours / bundle.floor).toFixed(1),
      ...(toll ? ["", ""] : []),
    ]),
    "",
    line([
      "one turn",
      "rows written",
      "rows read",
      "alarms set",
      "fired",
      "model calls",
      "Telegram + typing",
      "calls between objects",
    ]),
    line(["---", "---:", "---:", "---:", "---:", "---:", "---:", "---"]),
    ...kinds,
    "",
    `Medians of ${results.rounds} rounds on ${results.machine} (load ${results.load.toFixed(1)}), commit ${results.commit}, ${results.at.slice(0, 10)}.`,
  ].join("\n")}\n`;
}

function line(cells: readonly (string | number)[]): string {
  return `| ${cells.join(" | ")} |`;
}
