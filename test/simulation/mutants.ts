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
  /** The promise that finds it, kept alone; undefined: that depends on where the process dies, and any of them may. */
  readonly check: string | undefined;
}

const one = (name: string, check: string, file: string, text: string, by: string, seed?: number): Mutant => ({
  name,
  check,
  changes: [{ file, text, by }],
  ...(seed === undefined ? {} : { seed }),
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

export const HARMLESS: Mutant = { name: "a run that does not hear, behind the fence", changes: DEAF, check: undefined };

/** What holds the shells together, taken away piece by piece. */
export const MUTANTS: readonly Mutant[] = [
  {
    name: "the fence",
    check: "5: a report is of the run that has the session",
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
    check: undefined,
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
    "4: what is not over has an alarm, and in time",
    "session/door.ts",
    "        this.#value = stepped.session;\n        this.#arm(at);",
    `        this.#value = stepped.session;\n        if (event.type !== "received") this.#arm(at);`,
  ),
  {
    name: "the dedupe row",
    check: "21: an update has one effect",
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
    "7: the end of a run cuts its work",
    "session/job.ts",
    "  cut(): void {\n    this.#abort.abort(CUT);",
    "  cut(): void {",
  ),
  one(
    "the version of a lease",
    "30: what was met before a lift is not charged after it",
    "core/pool-report.ts",
    " || failing.version !== event.version",
    "",
  ),
  {
    name: "the outbox commit: the answer is put after it",
    check: undefined,
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
    "40: what a busy session takes in leaves a line about its run",
    "core/arrival.ts",
    `const effects: Effect[] = [busyLog(queued, "queue", now)];`,
    "const effects: Effect[] = [];",
  ),
  one(
    "the recovered mark",
    "25: one final for a turn; what may stand twice says so",
    "session/shipment.ts",
    "const mark = this.doubt ? this.#context.words.recovered() : undefined;",
    "const mark: string | undefined = undefined;",
  ),
  one(
    "heal: the alarm does not notice that the process died",
    "10: a run whose process died is taken up again within a minute",
    "session/door.ts",
    "    this.#armedAt = undefined;\n    this.heal();\n",
    "    this.#armedAt = undefined;\n",
  ),
  one(
    "the row of a question is not dropped",
    "34: a question that stands has a run that waits for it",
    "session/questions.ts",
    "  door.store.dropFact(PREFIX + question.id);\n  const closed",
    "  const closed",
  ),
  one(
    "a reminder is deleted after it was said",
    "21: a reminder comes once, when its time has come",
    "session/reminders.ts",
    `if (next === undefined) this.#sql.exec("DELETE FROM reminders WHERE id = ?", id);`,
    `if (next === undefined) setTimeout(() => this.#sql.exec("DELETE FROM reminders WHERE id = ?", id), 5_000);`,
  ),
  one(
    "the lease of a key that has failed is kept",
    "33: a lease that was taken back, or whose key has failed, is not kept",
    "session/leasing.ts",
    "if (!outcome.ok && touchesCredential(outcome.verdict)) this.#door.pass(lostBy(model, lease.credential));",
    "void touchesCredential; void lostBy;",
  ),
  one(
    "the pool's word is not heard",
    "33: a lease that was taken back, or whose key has failed, is not kept",
    "session/shell.ts",
    `    this.door.pass({ type: "leaseLost", ...lost });`,
    "    void lost;",
  ),
  one(
    "an answer leaves its topic",
    "28: what a session says is said in its own chat and thread",
    "session/door.ts",
    "return threadId === undefined ? { chatId } : { chatId, threadId };",
    "return threadId === undefined || threadId > 0 ? { chatId } : { chatId, threadId };",
  ),
  one(
    "a flood drops what it delays",
    "29: what is delivered stands in the chat",
    "session/delivery.ts",
    "return this.#park(row, shipment, refusal, refusal.retryAfterMs, row.attempt);",
    `this.#drop(row);\n        return "over";`,
  ),
  {
    name: "one slot for the messages of all runs",
    check: "25: one final for a turn; what may stand twice says so",
    changes: [
      {
        file: "session/outbox.ts",
        text: "          (SELECT slot FROM growing WHERE run = ?1),\n          (SELECT MIN(slot) FROM growing WHERE run NOT IN (SELECT run FROM outbox WHERE run IS NOT NULL)),\n          (SELECT COALESCE(MAX(slot), 0) + 1 FROM growing))",
        by: "          1, 1)",
      },
      // As long as an answer grows only below those before it, hardly two runs need a slot at once.
      {
        file: "session/delivery.ts",
        text: "isClear: () => this.#outbox.isEmpty",
        by: "isClear: () => true",
      },
    ],
    seed: 40_000,
  },
  one(
    "an answered question leaves no line",
    "40: what is taken in leaves a line",
    "session/questions.ts",
    `    () => door.log("update.accepted", { update: by.update, kind: by.kind }),\n`,
    "",
  ),
  one(
    "what came of an answer replies to nothing",
    "20: an answer is of its own question, and replies to it",
    "session/door.ts",
    "...this.reply(runOf(before)?.inputs[0]?.messageId),",
    "...this.reply(effect.inputs[0]?.messageId),",
  ),
  {
    name: "an ended conversation is read on",
    check: "17: a model sees nothing of an ended conversation",
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
    "40: no words and no secret in the log",
    "session/accept.ts",
    `door.log("update.accepted", { update, kind: inbound.kind,`,
    `door.log("update.accepted", { update, text: own?.text ?? "", kind: inbound.kind,`,
  ),
  one(
    "a refusal is not said",
    "1: an accepted message ends answered, or refused aloud",
    "core/arrival.ts",
    `      say({ key: "queue_full", limit }, input),\n`,
    "",
  ),
  one(
    "a message is noted and forgotten",
    "1: what an update brings is taken in, or is a command, an answer or a refusal",
    "session/accept.ts",
    `  accepting.pass({ type: "received", input: accepting.input() });\n  return accepted;`,
    "  accepting.keep(() => {});\n  return accepted;",
  ),
  one(
    "a new conversation is not announced",
    "9: what a transition owes lies in the outbox with it",
    "session/door.ts",
    "          content: this.#notice(effect.notice, effect.replyTo),\n",
    `          content: effect.notice.key === "reset" ? { kind: "freeze" } : this.#notice(effect.notice, effect.replyTo),\n`,
  ),
  one(
    "every bot's commands are ours",
    "1: what is meant for the bot comes in, and nothing else does",
    "telegram/gate.ts",
    `return isOurs ? undefined : "other_bot_command";`,
    "return undefined;",
  ),
  {
    name: "what cannot be stored is never given up",
    check: "1: every update gets its 200",
    changes: [
      { file: "webhook.ts", text: "const MOST_FAILURES = 8;", by: "const MOST_FAILURES = 1e9;" },
      {
        file: "session/accept.ts",
        text: "      return edit(door, ports, inbound);",
        by: `      throw new Error("no");`,
      },
    ],
  },
  one(
    "an answered turn is asked again",
    "25: one final for a turn, whatever its runs are called",
    "core/report.ts",
    `return andNext(said, ended(session, counted, "answered", at.now), turn.steers, at);`,
    `return andNext(said, ended(session, counted, "answered", at.now), turn.inputs, at);`,
  ),
  one(
    "what steers is said to be queued",
    "2: queued is said only of what is queued",
    "core/arrival.ts",
    `say({ key: "steered" }, input)`,
    `say({ key: "queued", ahead: 1 }, input)`,
  ),
  {
    name: "what a group has is not handed over",
    seed: 297,
    check: "19: what a group has goes on under its new id",
    changes: [
      {
        file: "session/migration.ts",
        text: "return door.store.fact<Heir>(HEIR)?.at;",
        by: "return door.store.fact<Heir>(HEIR) ? Number.MAX_SAFE_INTEGER : undefined;",
      },
      { file: "session/migration.ts", text: "  if (isNew) bequeath(door, ports, reminders);\n", by: "" },
    ],
  },
  one(
    "a run may last for ever",
    "3: a session is busy only with a run that ends by itself",
    "core/turnover.ts",
    "deadlineAt: at.now + session.policy.runTimeoutMs,",
    "deadlineAt: Number.POSITIVE_INFINITY,",
  ),
  one(
    "a turn waits for a credential as long as the pool likes",
    "33: a turn waits for a credential so long and no longer",
    "core/report.ts",
    "untilAt <= poolWaitEndsAt) {",
    "untilAt <= poolWaitEndsAt + 3_600_000) {",
  ),
  {
    name: "a run writes past the door",
    check: "6: a run that is not the session's writes nothing",
    changes: [
      ...DEAF,
      {
        file: "session/job.ts",
        text: "        door.pass(leasing.hastened(event));",
        by: `        if ("run" in event && event.run) door.store.write(door.session.epoch, event.run, { at: ports.now() });\n        door.pass(leasing.hastened(event));`,
      },
    ],
  },
  one(
    "the cut: two runs work at once",
    "8: at most one run is alive in a session",
    "session/job.ts",
    "  cut(): void {\n    this.#abort.abort(CUT);",
    "  cut(): void {",
  ),
  one(
    "a reset goes on in the same epoch",
    "15: a reset opens an epoch, and 17: none comes back",
    "core/turnover.ts",
    "const epoch = session.epoch + 1;",
    "const { epoch } = session;",
  ),
  one(
    "/stop drops the queue and leaves the run",
    "12: /stop and /new leave no run of before",
    "core/stop.ts",
    `    session: { ...ended.session, turn: { phase: "idle" }, queue: [] },`,
    "    session: { ...session, queue: [] },",
  ),
  one(
    "the newest turn comes first",
    "18: turns come in the order in which they were written",
    "core/gather.ts",
    "const place = after < 0 ? queue.length : after;",
    "const place = after < 0 ? 0 : after;",
  ),
  one(
    "a moved group is answered by the numbers of before",
    "20: what is said in a group that has moved replies to nothing of before",
    "session/door.ts",
    "messageId <= 0 || hasMoved ?",
    "messageId <= 0 || (hasMoved && messageId < 0) ?",
    297,
  ),
  one(
    "what was stopped is completed",
    "12: after /stop and /new nothing new of the old answer comes",
    "core/turnover.ts",
    `leave(turn, "as_is", because)`,
    `leave(turn, "completed", because)`,
  ),
  one(
    "an answered question changes the message above it",
    "28: a session changes only what it has said itself",
    "session/questions.ts",
    'if (editOf) door.say({ content: { kind: "notice", ...styled(marked), editOf }, silent: true });',
    'if (editOf) door.say({ content: { kind: "notice", ...styled(marked), editOf: editOf - 1 }, silent: true });',
  ),
  one(
    "all runs have one name",
    "23: a run that starts ends once",
    "session/door.ts",
    "return asidePrefix(this.#ports.key) + id;",
    `return asidePrefix(this.#ports.key) + id.replace(/.+/, "run");`,
  ),
  one(
    "another credential is charged",
    "30: the credential that failed is the one that is charged",
    "session/leasing.ts",
    "        credential: lease.credential,\n        version: lease.version,",
    "        credential: (await this.#ports.credentials(model.provider)).at(-1) ?? lease.credential,\n        version: lease.version,",
  ),
  one(
    "a served call is charged",
    "31: a key is charged only with what it did",
    "agent/failover.ts",
    "      await proof;\n",
    `      await proof;\n      if (reply.ok) await ports.report(name, lease, { ok: false, verdict: { class: "rate", retryable: false } });\n`,
  ),
  one(
    "a turn forgets what it has tried",
    "33: a turn tries a credential once",
    "agent/failover.ts",
    "this.#tried.set(name.provider, [...tried, lease.credential]);",
    "void tried;",
  ),
  {
    name: "an old button answers the question of now",
    check: "34: a late press is told the truth",
    changes: [
      {
        file: "session/questions.ts",
        text: "  door.store.dropFact(PREFIX + question.id);\n  const closed",
        by: "  const closed",
      },
      {
        file: "core/report.ts",
        text: ` || turn.why !== "person" || turn.question !== event.question) {`,
        by: ` || turn.why !== "person") {`,
      },
    ],
  },
  one(
    "the journal forgets how many steps there were",
    "9: the journal alone tells how each value came to be",
    "session/store.ts",
    `else if (key !== "entry") kept[key] = value;`,
    `else if (key !== "entry" && key !== "steps") kept[key] = value;`,
  ),
  one(
    "a fault that nobody hears",
    "0: nothing is thrown into the void",
    "session/shell.ts",
    "      this.#ports.touch(now).catch(() => {\n        // The next message tries again.\n        this.#touchedAt = 0;\n      }),",
    "      this.#ports.touch(now),",
  ),
  one(
    "a draft that has nothing to show wakes for it again and again",
    "0: time goes on",
    "telegram/stream.ts",
    `if (this.#last?.index === "draft" && refreshAt > this.#ports.now()) this.#wakeAt(refreshAt);`,
    `if (this.#last?.index === "draft") this.#wakeAt(refreshAt);`,
    13,
  ),
];
