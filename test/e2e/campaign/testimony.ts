import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { isRecord } from "../../../playground/telegram/args.ts";
import { isServing } from "../../../scripts/wrangler.ts";
import type { World } from "../harness/world.ts";
import type { Place } from "./crowd.ts";

/**
 * What the Worker itself says of chats that are silent. The account believes none of it; it is for the person who has to
 * find out whether a session is stuck, or the pool, or the whole process, or what stands between it and us.
 */

const LAST_EVENTS = 8;
const LAST_LINES = 8;
const LAST_OUTPUT = 30;
/** Where `wrangler dev` and workerd keep the alarms of sessions. */
const ALARMS = ["state/v3/do/turnkeeper-Session/metadata.sqlite", "state/objects/Session/metadata.sqlite"];

export async function testimony(world: World, silent: readonly Place[]): Promise<string[]> {
  const lines = [
    `--- the process ${await health(world)}`,
    ...processes(world),
    `pools: ${await admin(world, "/pools")}`,
  ];
  for (const place of silent) lines.push(...(await ofSession(world, place)));
  return [...lines, "--- the Worker wrote last", ...world.worker.output.slice(-LAST_OUTPUT)];
}

async function health(world: World): Promise<string> {
  if (!world.worker.running) return "has ended by itself";
  const askedAt = Date.now();
  return (await isServing(world.worker.url))
    ? `answers on /health after ${Date.now() - askedAt} ms`
    : "does not answer on /health";
}

/** The processes of `wrangler dev` with the processor time that each has had: one that spins is seen by it. */
function processes({ worker }: World): string[] {
  if (worker.pid === undefined) return [];
  try {
    const all = execFileSync("ps", ["-eo", "pgid=,pid=,etime=,time=,stat=,comm="], { encoding: "utf8" }).split("\n");
    const own = all.filter((line) => Number(line.trim().split(/\s+/)[0]) === worker.pid);
    return ["group, process, since, processor time, state, name:", ...own];
  } catch (error) {
    return [`no processes can be listed: ${String(error)}`];
  }
}

async function ofSession(world: World, place: Place): Promise<string[]> {
  const { key } = place;
  const undelivered = world.telegram.updates.pending().filter(({ queue }) => queue === place.updatesQueue);
  const attempts = undelivered[0]?.attempts.slice(-3) ?? [];
  return [
    `--- ${place.name} is silent; ${key} says`,
    await admin(world, `/sessions/${encodeURIComponent(key)}`),
    alarmOf(world, key),
    `updates that it has not taken: ${undelivered.length}${attempts.length > 0 ? `, tried ${JSON.stringify(attempts)}` : ""}`,
    ...world.worker
      .logs(({ session }) => session === key)
      .slice(-LAST_LINES)
      .map(({ n, at, ...line }) => `${new Date(at).toISOString().slice(11, 23)} ${JSON.stringify(line)}`),
  ];
}

async function admin({ worker }: World, path: string): Promise<string> {
  try {
    const response = await worker.admin(path);
    if (!response.ok) return `${response.status} on /admin${path}`;
    const view: unknown = await response.json();
    const journal = isRecord(view) && Array.isArray(view.journal) ? view.journal.slice(0, LAST_EVENTS) : undefined;
    const rows = journal?.map((row) => `\n  ${JSON.stringify(row)}`) ?? [];
    return `${JSON.stringify(isRecord(view) ? { ...view, journal: undefined } : view)}${rows.join("")}`;
  } catch (error) {
    return `no answer on /admin${path}: ${error instanceof Error ? error.name : "unknown"}`;
  }
}

/** As the platform keeps it on disk: a busy session without one would never move on. */
function alarmOf({ directory }: World, key: string): string {
  try {
    const path = ALARMS.map((place) => join(directory, place)).find((candidate) => existsSync(candidate));
    if (path === undefined) return "alarm: no list of alarms is found";
    const database = new DatabaseSync(path, { readOnly: true });
    const query = "SELECT CAST(scheduled_time / 1000000 AS INTEGER) AS at FROM _cf_ALARM WHERE actor_name = ?";
    const at = database.prepare(query).get(key)?.at;
    database.close();
    return at === undefined ? "alarm: none" : `alarm: ${Number(at)}, ${Number(at) - Date.now()} ms from now`;
  } catch (error) {
    return `alarm: cannot be read: ${String(error)}`;
  }
}
