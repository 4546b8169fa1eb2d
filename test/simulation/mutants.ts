/** A defect put into the source on purpose: in `file` of src/, `text` is replaced by `by`. */
export interface Change {
  readonly file: string;
  readonly text: string;
  readonly by: string;
}

export interface Mutant {
  readonly name: string;
  /** A seed whose first world shows it, where it is rare. */
  readonly seed?: number;
  readonly changes: readonly Change[];
  /** Numbers of the promises that find it. */
  readonly foundBy: readonly string[];
}

const one = (name: string, foundBy: readonly string[], file: string, text: string, by: string): Mutant => ({
  name,
  foundBy,
  changes: [{ file, text, by }],
});

/** A run that does not hear that it was cut, and says so of itself. The fence makes it harmless: no defect by itself. */
const DEAF: readonly Change[] = [
  {
    file: "agent/run.ts",
    text: "    if (job.signal.aborted) return;\n\n    switch (asked.kind) {",
    by: "    switch (asked.kind) {",
  },
  {
    file: "agent/run.ts",
    text: `      case "cut":\n        return;`,
    by: `      case "cut":\n        return fail(job, "internal", {});`,
  },
];

export const HARMLESS: Mutant = { name: "a run that does not hear, behind the fence", changes: DEAF, foundBy: [] };

/** What holds the shells together, taken away piece by piece. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "the fence",
    foundBy: ["5", "6", "7", "8"],
    changes: [
      ...DEAF,
      {
        file: "core/report.ts",
        text: `if (turn.phase !== "running" || turn.run !== event.run) {`,
        by: `if (turn.phase !== "running") {`,
      },
    ],
  },
  {
    name: "the transaction: the value is saved after it",
    foundBy: ["1", "4", "9"],
    changes: [
      {
        file: "session/door.ts",
        text: "        if (changed) this.store.save(stepped.session, event, named(stepped.effects), at);\n",
        by: "",
      },
      {
        file: "session/door.ts",
        text: "    committed?.();\n    // Only after",
        by: "    if (changed) this.store.save(stepped.session, event, named(stepped.effects), at);\n    committed?.();\n    // Only after",
      },
    ],
  },
  one(
    "arm before work: no alarm is set with a message",
    ["4"],
    "session/door.ts",
    "        this.#value = stepped.session;\n        this.#arm(at);",
    `        this.#value = stepped.session;\n        if (event.type !== "received") this.#arm(at);`,
  ),
  {
    name: "the dedupe row",
    foundBy: ["21"],
    changes: [
      { file: "session/accept.ts", text: "  if (door.store.has(inbound.update)) {", by: "  if (inbound.update < 0) {" },
      {
        file: "session/accept.ts",
        text: `    if (door.store.has(update)) door.log("update.duplicate", { update });\n    else commit();`,
        by: "    commit();",
      },
      { file: "session/store.ts", text: `"INSERT INTO inbox`, by: `"INSERT OR REPLACE INTO inbox` },
    ],
  },
  one(
    "the cut: nothing is aborted",
    ["7", "8"],
    "session/job.ts",
    "  cut(): void {\n    this.#abort.abort();",
    "  cut(): void {",
  ),
  one("the version of a lease", ["30"], "core/pool-report.ts", " || failing.version !== event.version", ""),
  {
    name: "the outbox commit: the answer is put after it",
    foundBy: ["1", "4", "9"],
    changes: [
      {
        file: "session/door.ts",
        text: "        for (const effect of stepped.effects) this.#store(effect, before, stepped.session, event);",
        by: `        for (const effect of stepped.effects) if (effect.do !== "answer") this.#store(effect, before, stepped.session, event);`,
      },
      {
        file: "session/door.ts",
        text: "    committed?.();\n    // Only after",
        by: `    for (const effect of stepped.effects) if (effect.do === "answer") this.#store(effect, before, stepped.session, event);\n    committed?.();\n    // Only after`,
      },
    ],
  },
  one(
    "the busy log",
    ["40"],
    "core/arrival.ts",
    `const effects: Effect[] = [busyLog(queued, "queue", now)];`,
    "const effects: Effect[] = [];",
  ),
  one(
    "the recovered mark",
    ["25"],
    "session/shipment.ts",
    "const mark = this.doubt ? this.#context.words.recovered() : undefined;",
    "const mark: string | undefined = undefined;",
  ),
  one(
    "heal: the alarm does not notice that the process died",
    ["4", "10"],
    "session/door.ts",
    "    this.#armedAt = undefined;\n    this.heal();\n",
    "    this.#armedAt = undefined;\n",
  ),
  one(
    "the row of a question is not dropped",
    ["34"],
    "session/questions.ts",
    "  door.store.dropFact(PREFIX + question.id);\n  const closed",
    "  const closed",
  ),
  one(
    "a reminder is deleted after it was said",
    ["21"],
    "session/reminders.ts",
    `if (next === undefined) this.#sql.exec("DELETE FROM reminders WHERE id = ?", id);`,
    `if (next === undefined) setTimeout(() => this.#sql.exec("DELETE FROM reminders WHERE id = ?", id), 5_000);`,
  ),
  one(
    "the lease of a key that has failed is kept",
    ["33"],
    "session/leasing.ts",
    "if (!outcome.ok && touchesCredential(outcome.verdict)) this.#door.pass(lostBy(model, lease.credential));",
    "void touchesCredential; void lostBy;",
  ),
  one(
    "the pool's word is not heard",
    ["33"],
    "session/shell.ts",
    `    this.door.pass({ type: "leaseLost", ...lost });`,
    "    void lost;",
  ),
  one(
    "an answer leaves its topic",
    ["28"],
    "session/door.ts",
    "return threadId === undefined ? { chatId } : { chatId, threadId };",
    "return threadId === undefined || threadId > 0 ? { chatId } : { chatId, threadId };",
  ),
  one(
    "a flood drops what it delays",
    ["29"],
    "session/delivery.ts",
    "return this.#park(row, shipment, refusal, refusal.retryAfterMs, row.attempt);",
    `this.#drop(row);\n        return "over";`,
  ),
  {
    name: "one slot for the messages of all runs",
    foundBy: ["25"],
    changes: [
      {
        file: "session/outbox.ts",
        text: "        (SELECT slot FROM growing WHERE run = ?1),\n        (SELECT MIN(slot) FROM growing WHERE run NOT IN (SELECT run FROM outbox WHERE run IS NOT NULL)),\n        (SELECT COALESCE(MAX(slot), 0) + 1 FROM growing))",
        by: "        1, 1)",
      },
    ],
  },
  one(
    "an answered question leaves no line",
    ["40"],
    "session/questions.ts",
    `    () => door.log("update.accepted", { update: by.update, kind: by.kind }),\n`,
    "",
  ),
  one(
    "what came of an answer replies to nothing",
    ["20"],
    "session/door.ts",
    "...this.reply(runOf(before)?.inputs[0]?.messageId),",
    "...this.reply(effect.inputs[0]?.messageId),",
  ),
  {
    name: "an ended conversation is read on",
    foundBy: ["17"],
    changes: [
      { file: "session/store.ts", text: "began?.epoch === epoch ? began.seq : 0", by: "0" },
      {
        file: "session/store.ts",
        text: "      .filter((row) => row.epoch === epoch)\n      .flatMap",
        by: "      .flatMap",
      },
    ],
  },
  one(
    "words in the log",
    ["40"],
    "session/accept.ts",
    `door.log("update.accepted", { update, kind: inbound.kind,`,
    `door.log("update.accepted", { update, text: own?.text ?? "", kind: inbound.kind,`,
  ),
];
