import { appendFileSync, existsSync, readFileSync } from "node:fs";

/**
 * Stands in for wrangler where there is no account (TURNKEEPER_WRANGLER). STAND_IN: a JSON of what to answer; what it was
 * called with is appended to `record`, a line a call.
 */
interface Orders {
  readonly record: string;
  readonly target?: string;
  readonly fails?: string;
  /** Why it fails. */
  readonly says?: string;
  readonly tail?: string;
}

const orders: Orders = JSON.parse(process.env.STAND_IN ?? "{}");
const args = process.argv.slice(2);
const input = args[0] === "secret" ? readFileSync(0, "utf8") : undefined;
appendFileSync(orders.record, `${JSON.stringify({ args, input })}\n`);

if (orders.fails !== undefined && args.join(" ").startsWith(orders.fails)) {
  // As wrangler would: everything, the secrets too, might be in what it says.
  process.stderr.write(`✘ [ERROR] ${orders.says ?? "it was refused"}: ${input ?? ""}\n`);
  process.exitCode = 1;
} else if (args[0] === "deploy" && orders.target !== undefined && !args.includes("--dry-run")) {
  process.stdout.write(`Deployed turnkeeper triggers (0.3 sec)\n  ${orders.target}\n`);
  const record = process.env.WRANGLER_OUTPUT_FILE_PATH;
  const deployed = { type: "deploy", version: 1, worker_name: "turnkeeper", targets: [orders.target] };
  if (record !== undefined) appendFileSync(record, `${JSON.stringify(deployed)}\n`);
} else if (args[0] === "tail" && orders.tail !== undefined && existsSync(orders.tail)) {
  process.stdout.write(readFileSync(orders.tail));
}
