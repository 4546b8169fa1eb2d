import { type Job, work } from "../agent/run.ts";
import { definitions } from "../agent/tools/definitions.ts";
import { AI_BINDING, describeProblem, environmentName } from "../config.ts";
import { type ModelName, parseModelName } from "../core/model-name.ts";
import type { Running } from "../core/session.ts";
import { modelFacts } from "../models/catalog.ts";
import { saysNothing } from "../telegram/render-clean.ts";
import { styled } from "../words/styled.ts";
import { wordKey, words } from "../words/words.ts";
import { compactConversation } from "./compaction.ts";
import { asidePrefix, type Door, type LiveRun } from "./door.ts";
import { hear } from "./hearing.ts";
import { Leasing, type LostLease } from "./leasing.ts";
import { Material } from "./material.ts";
import type { SessionPorts } from "./ports.ts";
import * as questions from "./questions.ts";
import type { Reminders } from "./reminders.ts";
import { Toolbox } from "./toolbox.ts";

/** One run in this object's memory: what the loop in agent/run.ts needs, made of the door and the ports. */

/** Of the limit of idleness, what retries of one call may take. */
const RETRY_SHARE = 0.6;

/** Made once: each would take down where it was made. */
const CUT = new DOMException("The run is over", "AbortError");

export function startRun(run: string, door: Door, ports: SessionPorts, reminders: Reminders, died?: string): LiveRun {
  return new SessionRun(run, door, ports, reminders, died);
}

class SessionRun implements LiveRun {
  readonly run: string;
  readonly #door: Door;
  readonly #ports: SessionPorts;
  readonly #abort = new AbortController();
  readonly #material: Material;
  readonly #leasing: Leasing;
  readonly #toolbox: Toolbox;
  readonly #growing: ReturnType<Door["courier"]["growing"]>;
  #progressAt: number;
  #text = "";
  #credential: string | undefined;
  /** What the session that an aside was asked in has chosen. */
  #parentModel: string | undefined;

  constructor(run: string, door: Door, ports: SessionPorts, reminders: Reminders, died: string | undefined) {
    this.run = run;
    this.#door = door;
    this.#ports = ports;
    this.#progressAt = ports.now();
    const { whereabouts, session } = door;
    const first = session.turn.phase === "running" ? session.turn.inputs[0] : undefined;
    this.#growing = door.courier.growing(
      run,
      door.place(),
      door.reply(first?.messageId).replyTo,
      {
        mode: ports.settings.stream,
        private: whereabouts.chatType === "private",
        stopLabel: words(whereabouts.language, "button_stop"),
      },
      died,
    );
    const { signal } = this.#abort;
    const turn = () => this.#turn();
    this.#material = new Material(door, ports, {
      run,
      signal,
      turn,
      model: () => this.#models()[0],
      progress: () => {
        this.#progressAt = ports.now();
      },
      hear: (recording) => hear(recording, run, door, ports, signal),
    });
    this.#leasing = new Leasing(run, door, ports);
    this.#toolbox = new Toolbox(door, ports, reminders, { run, signal, turn });
    ports.detach(this.#work());
  }

  cut(): void {
    this.#abort.abort(CUT);
    this.#growing.close();
  }

  leaseLost(lost: LostLease): void {
    this.#leasing.lose(lost);
  }

  poolChanged(): void {
    this.#leasing.poolChanged();
  }

  get progressAt(): number {
    return this.#progressAt;
  }

  get credential(): string | undefined {
    return this.#credential;
  }

  get text(): string {
    return this.#text;
  }

  rendered(update: number): unknown {
    return this.#material.rendered(update);
  }

  async #work(): Promise<void> {
    // The door must know of this run before it says anything: one that is over at once would stand in the next one's place.
    await null;
    try {
      await work(this.#job());
    } finally {
      // Parked, answered or cut: nothing of it goes on in this memory.
      this.#growing.close();
      this.#abort.abort(CUT);
      await this.#toolbox.close();
    }
  }

  #job(): Job {
    const door = this.#door;
    const ports = this.#ports;
    const { settings } = ports;
    const { signal } = this.#abort;
    const material = this.#material;
    const leasing = this.#leasing;
    const toolbox = this.#toolbox;
    // A choice made while the run is on is for the next.
    let models = this.#models();
    return {
      run: this.run,
      signal,
      maxSteps: settings.maxSteps,
      failover: {
        get models() {
          return models;
        },
        signal,
        retryWithinMs: settings.runIdleTimeoutMs * RETRY_SHARE,
        now: ports.now,
        chance: ports.chance,
        pause: (ms) => this.#pause(ms),
        kept: () => (settings.poolStrategy === "fill_first" ? door.session.lease : undefined),
        lease: (model, exclude) => leasing.lease(model, exclude),
        isLost: (model, credential) => leasing.isLost(model, credential),
        report: (model, lease, outcome) => leasing.report(model, lease, outcome),
        contextTokens: (model) => modelFacts(model).contextTokens,
        refusedFiles: door.refusedFiles,
        open: async (model, credential) => {
          this.#credential = credential;
          const key = await ports.keyOf(model.provider, credential);
          return key === undefined ? undefined : ports.model(model, key);
        },
        log: (fields) => door.log("run.failure", { run: this.run, epoch: door.session.epoch, ...fields }),
      },
      prepare: async () => {
        if (asidePrefix(ports.key) === "") return;
        this.#parentModel = (await material.parent()).model;
        models = this.#models();
      },
      turn: () => this.#turn(),
      now: ports.now,
      poolWaitEndsAt: (turn) => turn.poolWaitEndsAt ?? ports.now() + settings.poolWaitMs,
      report: (event) => {
        this.#progressAt = ports.now();
        this.#material.refresh();
        if (event.type === "answered" || event.type === "failed" || event.type === "exhausted") this.#growing.close();
        door.pass(leasing.hastened(event));
      },
      system: () => material.system(),
      conversation: () => material.conversation(),
      unanswered: () => material.unanswered(),
      tools: async () => {
        const tools = await toolbox.tools();
        this.#progressAt = ports.now();
        return tools;
      },
      definitions,
      context: (tool) => toolbox.context(tool),
      ask: (call, question, options, isLast) => {
        const id = asidePrefix(ports.key) + ports.newId().replaceAll("-", "").slice(0, 16);
        const untilAt = ports.now() + settings.askTimeoutMs;
        const inputs = this.#turn()?.inputs ?? [];
        const ids = inputs.map(({ from }) => from);
        // Who writes as a channel, or as an anonymous administrator, presses under another id.
        const askers = ids.some((from) => from <= 0) ? {} : { askers: [...new Set(ids)] };
        door.pass({ type: "asked", run: this.run, question: id, untilAt, isLast }, () => {
          if (!this.#turn()) return;
          this.#sayBefore(inputs[0]?.messageId);
          questions.put(door, { id, call, question, options, untilAt, ...askers }, inputs[0]?.messageId);
        });
      },
      show: (text) => {
        this.#progressAt = ports.now();
        this.#text = text;
        this.#growing.show(text);
      },
      showTool: (status) => {
        const { language } = door.whereabouts;
        this.#growing.tool(status ? words(language, wordKey(status.key, "tool.unknown"), { ...status.params }) : "");
      },
      progress: () => {
        this.#progressAt = ports.now();
      },
      earlierText: () => material.earlierText(),
      overBudget: () => toolbox.overBudget(),
      spent: (usage) => toolbox.spent(usage),
      compact: async (why, failover) => {
        material.refresh();
        const inputs = this.#turn()?.inputs ?? [];
        const compacted = await compactConversation(door, material.rows(), {
          run: this.run,
          why,
          inputs,
          windowTokens: material.windowTokens(),
          failover,
          signal,
          focus: why === "asked" ? (material.commandOf(inputs[0])?.words ?? "") : "",
          now: ports.now,
          progress: () => {
            this.#progressAt = ports.now();
          },
          spent: (usage) => toolbox.spent(usage),
        });
        material.refresh();
        // Who asked for it is told by the turn's answer.
        if (compacted.kind === "done" && why !== "asked") this.#tellShortened(compacted.turns);
        return compacted;
      },
      isNearLimit: (messages) => material.isNearLimit(messages),
      compactOrder: () => {
        const [input, ...others] = this.#turn()?.inputs ?? [];
        const command = material.commandOf(input);
        if (!input || (command?.name !== "compact" && command?.name !== "compress")) return undefined;
        material.leaveOut(input);
        const { language } = door.whereabouts;
        return {
          done: (turns) => words(language, "compact_done", { turns }),
          notNeeded: words(language, "compact_none"),
          isAll: others.length === 0,
        };
      },
      configProblem: () => {
        // The first choice first: another provider's broken setting is not why nobody can be asked.
        const ofModels = this.#models().flatMap(({ provider }) =>
          settings.problems.filter(
            ({ name }) =>
              name.startsWith(`${environmentName(provider)}_`) || (provider === "workersai" && name === AI_BINDING),
          ),
        );
        const [problem] = ofModels;
        return problem ? describeProblem(problem) : "no model key is set";
      },
      cutNote: (by) => words(door.whereabouts.language, by === "length" ? "cut_at_limit" : "cut_by_policy"),
    };
  }

  #turn(): Running | undefined {
    const { turn } = this.#door.session;
    return turn.phase === "running" && turn.run === this.run ? turn : undefined;
  }

  #models(): readonly ModelName[] {
    const { choices, turn } = this.#door.session;
    const once = turn.phase === "running" ? turn.modelOnce : undefined;
    const chosen = parseModelName(once ?? choices.model ?? this.#parentModel ?? "");
    const { models } = this.#ports.settings;
    if (!chosen) return models;
    return [chosen, ...models.filter((model) => model.provider !== chosen.provider || model.model !== chosen.model)];
  }

  /** What the model said before its question is said: the screen may be behind, and a draft vanishes while the run waits. The rest comes after it. */
  #sayBefore(replyTo: number | undefined): void {
    const door = this.#door;
    const markdown = this.#material.earlierText();
    door.say({
      content: saysNothing(markdown) ? { kind: "freeze", goesOn: true } : { kind: "answer", markdown, goesOn: true },
      run: this.run,
      attempting: true,
      ...(replyTo === undefined ? {} : { replyTo }),
    });
  }

  /** What a model no longer sees word for word is said: it would be found out by its forgetting. */
  #tellShortened(turns: number): void {
    const door = this.#door;
    const marked = words(door.whereabouts.language, "compact_done", { turns });
    door.keep(() => door.say({ content: { kind: "notice", ...styled(marked) }, silent: true }));
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#ports.after(ms, resolve);
      this.#abort.signal.addEventListener(
        "abort",
        () => {
          cancel();
          resolve();
        },
        { once: true },
      );
    });
  }
}
