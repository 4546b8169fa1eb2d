import type { LanguageModelV4FunctionTool } from "@ai-sdk/provider";
import type { ModelMessage } from "ai";
import type { Event, FailureReason } from "../core/event.ts";
import type { FailureClass } from "../core/failure.ts";
import type { Running } from "../core/session.ts";
import { costUsd, wantsReasoning } from "../models/catalog.ts";
import { saysNothing } from "../telegram/render-clean.ts";
import type { ToolCall } from "./call.ts";
import { type Asked, Failover, type FailoverPorts } from "./failover.ts";
import { callTool, statusOf } from "./tools/run-tool.ts";
import type { Tool, ToolContext, ToolResult, ToolStatus } from "./tools/tool.ts";

/**
 * The loop of a turn: ask the model, carry out the tools it calls, ask again, until it answers in words. It owns nothing:
 * what is finished is reported through the door as it ends, and after a crash another process goes on from there. When
 * its run is no longer the session's, its reports fall flat and its signal is aborted; it just returns.
 */

export interface Job {
  readonly run: string;
  readonly signal: AbortSignal;
  readonly failover: FailoverPorts;
  readonly maxSteps: number;
  /** What has to be known before a model is chosen. */
  prepare(): Promise<void>;
  /** The session's run, while it is this one and working. */
  turn(): Running | undefined;
  now(): number;
  /** How long the turn is willing to wait for a credential. */
  poolWaitEndsAt(turn: Running): number;
  report(event: Event): void;
  system(): Promise<string>;
  /** The conversation with everything fresh; every tool call in it has its result. */
  conversation(): Promise<readonly ModelMessage[]>;
  /** So long that it is to be shortened before it is sent. */
  isNearLimit(messages: readonly ModelMessage[]): boolean;
  /**
   * The turn asks for a shorter conversation (/compact): what to say when it is done or not needed. `isAll`: it asks for
   * nothing else; what steered it while it waited for a credential is to be answered as well.
   */
  compactOrder(): { done(turns: number): string; readonly notNeeded: string; readonly isAll: boolean } | undefined;
  /** Tool calls of the last finished step that have no result yet. */
  unanswered(): readonly OpenCall[];
  tools(): Promise<readonly Tool[]>;
  definitions(tools: readonly Tool[]): readonly LanguageModelV4FunctionTool[];
  /** What the tool of that name may touch. */
  context(tool: string): Promise<ToolContext>;
  /** Puts the question before the person, durably, and parks the run: it goes on when there is an answer. `isLast`: of the step's calls. */
  ask(call: ToolCall, question: string, options: readonly string[], isLast: boolean): void;
  /** What stands on the screen: the text of the whole turn so far, and what a tool does. */
  show(text: string): void;
  showTool(status: ToolStatus | undefined): void;
  progress(): void;
  /** Text of this turn's steps before the current one; what stood before a question has been said with it. */
  earlierText(): string;
  /** The person may spend no more today: the budget in US dollars. */
  overBudget(): Promise<number | undefined>;
  /** A model call of this turn is finished and committed. */
  spent(usage: Spend): void;
  /** Shortens the conversation before the turn that is on. */
  compact(why: CompactReason, failover: Failover): Promise<Compacted>;
  cutNote(by: "length" | "policy"): string;
  /** What the settings lack, when no model has a key: one line for an owner. */
  configProblem(): string;
}

/** What one model call took. */
export interface Spend {
  readonly model: string;
  readonly input: number;
  readonly output: number;
  readonly usd: number;
}

export function spendOf({ model, reply }: Extract<Asked, { kind: "reply" }>): Spend {
  const { input, output } = reply.usage;
  return { model: `${model.provider}/${model.model}`, input, output, usd: costUsd(model, reply.usage) };
}

/** Why a conversation is shortened; a model that refuses it as too long may do so again. */
export type CompactReason = "asked" | "near_limit" | "refused" | "refused_again";

export type Compacted =
  /** `turns`: so many are known from a summary only, or no more. */
  | { readonly kind: "done"; readonly turns: number }
  | { readonly kind: "nothing" }
  /** There is something, and no model sums it up. */
  | { readonly kind: "failed"; readonly asked: Unserved | "empty" };

type Unserved = Extract<Asked, { kind: "exhausted" | "failed" | "too_long" }>;

export interface OpenCall extends ToolCall {
  /** It had begun in a process that died. */
  readonly hadBegun: boolean;
  /** What became of the question it put, if it put one. */
  readonly question?: "open" | "closed";
}

const MOST_EMPTY_ANSWERS = 1;

export async function work(job: Job): Promise<void> {
  try {
    await turn(job);
  } catch (error) {
    if (job.signal.aborted) return;
    // A fault of our own: the name of the error is all that is safe to say.
    job.failover.log({ fault: error instanceof Error ? error.name : "unknown" });
    job.report({ type: "failed", run: job.run, reason: "internal" });
  }
}

async function turn(job: Job): Promise<void> {
  await job.prepare();
  const failover = new Failover(job.failover);
  let tools: readonly Tool[] | undefined;
  let definitions: readonly LanguageModelV4FunctionTool[] | undefined;
  let empty = 0;
  let isShortened = false;
  let preface = "";
  let refusals: readonly CompactReason[] = ["refused", "refused_again"];

  while (!job.signal.aborted) {
    const state = job.turn();
    if (!state) return;
    const open = job.unanswered();
    if (open.length > 0) {
      tools ??= await job.tools();
      if (!(await carryOut(job, tools, open, state))) return;
      continue;
    }
    if (state.steps >= job.maxSteps) return fail(job, "steps", { steps: job.maxSteps }, job.earlierText());

    if (state.steps === 0) {
      const budget = await job.overBudget();
      if (budget !== undefined) return fail(job, "budget", { budget });
    }
    const order = state.steps === 0 && preface === "" ? job.compactOrder() : undefined;
    if (order) {
      const compacted = await job.compact("asked", failover);
      if (job.signal.aborted) return;
      if (compacted.kind === "failed") return unserved(job, compacted.asked, "");
      preface = compacted.kind === "done" ? order.done(compacted.turns) : order.notNeeded;
      if (order.isAll) return job.report(answer(job, state, preface));
    }
    tools ??= await job.tools();
    definitions ??= job.definitions(tools);
    const said = job.earlierText();
    const earlier = joined(preface, said);
    const messages = await job.conversation();
    if (!isShortened && job.isNearLimit(messages)) {
      isShortened = true;
      if ((await job.compact("near_limit", failover)).kind === "done") continue;
    }
    if (job.signal.aborted) return;
    const asked = await failover.ask(
      {
        system: await job.system(),
        messages,
        tools: definitions,
        wordsOnly: state.steps + 1 >= job.maxSteps,
        onText: (text) => job.show(joined(earlier, text)),
        onProgress: () => job.progress(),
      },
      job.poolWaitEndsAt(state),
    );
    if (job.signal.aborted) return;

    switch (asked.kind) {
      case "cut":
        return;
      case "exhausted":
      case "failed":
        return unserved(job, asked, earlier);
      case "too_long": {
        let compacted: Compacted = { kind: "nothing" };
        while (compacted.kind === "nothing" && refusals.length > 0) {
          const [why = "refused", ...more] = refusals;
          refusals = more;
          compacted = await job.compact(why, failover);
          if (job.signal.aborted) return;
        }
        if (compacted.kind === "done" || failover.widen()) continue;
        return unserved(job, compacted.kind === "failed" ? compacted.asked : asked, earlier);
      }
      case "reply": {
        const { reply, model, lease } = asked;
        const steps = state.steps + 1;
        const usage = spendOf(asked);
        const tokens = state.tokens + usage.input + usage.output;
        const hasTools = reply.calls.length > 0 || state.steps > 0;
        const reasoning = hasTools && wantsReasoning(model) ? reply.reasoning : undefined;
        if (reply.calls.length > 0) {
          // What came with the end of the stream has not been shown.
          if (!saysNothing(reply.text)) job.show(joined(earlier, reply.text));
          const entry = { messages: [assistantMessage(reply.text, reply.calls, reasoning)], usage };
          job.report({ type: "stepped", run: job.run, entry, boundary: false, steps, tokens, lease });
          job.spent(usage);
          continue;
        }
        if (saysNothing(reply.text)) {
          if (reply.cutBy === "tools") return fail(job, "steps", { steps: job.maxSteps }, earlier);
          empty += 1;
          if (reply.cutBy === "policy") return fail(job, "blocked", { provider: model.provider }, earlier);
          if (empty <= MOST_EMPTY_ANSWERS) continue;
          if (saysNothing(said)) return fail(job, "empty", {});
        }
        const { cutBy } = reply;
        const isShort = cutBy === "length" || cutBy === "policy";
        const text = isShort ? `${reply.text}\n\n${job.cutNote(cutBy)}` : reply.text;
        job.report({
          type: "answered",
          run: job.run,
          entry: { messages: [assistantMessage(reply.text, [], reasoning)], usage },
          text: joined(earlier, text),
          steps,
          tokens,
          lease,
        });
        return job.spent(usage);
      }
      default:
        return asked satisfies never;
    }
  }
}

/** Nobody answers: the turn waits for a credential, or ends aloud. */
function unserved(job: Job, asked: Unserved | "empty", earlier: string): void {
  if (asked === "empty") return fail(job, "empty", {}, earlier);
  switch (asked.kind) {
    case "exhausted":
      if (asked.reason === "none" && asked.untilAt === undefined) {
        return fail(job, "config", { problem: job.configProblem() }, earlier);
      }
      return job.report({
        type: "exhausted",
        run: job.run,
        detail: { reason: asked.reason },
        text: joined(earlier, asked.text),
        lease: null,
        ...(asked.untilAt === undefined ? {} : { untilAt: asked.untilAt }),
      });
    case "too_long":
      return fail(job, "context", {}, earlier);
    case "failed":
      return fail(
        job,
        reasonOf(asked.failure),
        { provider: asked.model.provider, model: asked.model.model, code: asked.code },
        joined(earlier, asked.text),
      );
    default:
      return asked satisfies never;
  }
}

/** The end of a turn whose words are the bot's own. */
function answer(job: Job, state: Running, text: string): Event {
  return { type: "answered", run: job.run, entry: {}, text, steps: state.steps, tokens: state.tokens };
}

/** Carries out the calls in order, each result committed as it ends. False: the run is parked or over. */
async function carryOut(job: Job, tools: readonly Tool[], open: readonly OpenCall[], state: Running): Promise<boolean> {
  for (const [index, call] of open.entries()) {
    if (job.signal.aborted || !job.turn()) return false;
    const tool = tools.find((candidate) => candidate.name === call.name);
    const result = await resultOf(job, tools, tool, call);
    if (job.signal.aborted || !job.turn()) return false;
    if (result.kind === "ask") {
      job.ask(call, result.question, result.options, index === open.length - 1);
      return false;
    }
    const messages = [toolMessage(call, result.kind === "error" ? `Error: ${result.text}` : result.text)];
    job.report({
      type: "stepped",
      run: job.run,
      entry: call.question === "closed" ? { messages, asked: true } : { messages },
      boundary: index === open.length - 1,
      steps: state.steps,
      tokens: state.tokens,
    });
  }
  return true;
}

async function resultOf(job: Job, tools: readonly Tool[], tool: Tool | undefined, call: OpenCall): Promise<ToolResult> {
  if (call.question === "closed") return { kind: "error", text: "The person did not answer in time." };
  if (call.hadBegun && tool && !tool.repeatable) {
    return {
      kind: "error",
      text: "It is not known whether this call was carried out: the process ended in the middle of it. Do not repeat it unless the person asks.",
    };
  }
  if (tool) job.showTool(statusOf(tool, call.input));
  job.progress();
  try {
    return await callTool(tools, call.name, call.input, await job.context(call.name));
  } finally {
    job.progress();
    job.showTool(undefined);
  }
}

export function assistantMessage(text: string, calls: readonly ToolCall[], reasoning?: string): ModelMessage {
  if (calls.length === 0 && reasoning === undefined) return { role: "assistant", content: text };
  return {
    role: "assistant",
    content: [
      ...(reasoning === undefined ? [] : [{ type: "reasoning" as const, text: reasoning }]),
      ...(text === "" ? [] : [{ type: "text" as const, text }]),
      ...calls.map((call) => ({
        type: "tool-call" as const,
        toolCallId: call.id,
        toolName: call.name,
        input: call.input ?? {},
      })),
    ],
  };
}

export function toolMessage(call: { readonly id: string; readonly name: string }, text: string): ModelMessage {
  return {
    role: "tool",
    content: [{ type: "tool-result", toolCallId: call.id, toolName: call.name, output: { type: "text", value: text } }],
  };
}

function fail(job: Job, reason: FailureReason, detail: Readonly<Record<string, string | number>>, text = ""): void {
  job.report({ type: "failed", run: job.run, reason, detail, ...(saysNothing(text) ? {} : { text }), lease: null });
}

function reasonOf(failure: FailureClass): FailureReason {
  switch (failure) {
    case "overload":
    case "network":
    case "context":
    case "bad":
    case "blocked":
    case "model_missing":
    case "auth":
      return failure;
    case "rate":
    case "quota":
    case "billing":
      return "overload";
    default:
      return failure satisfies never;
  }
}

function joined(earlier: string, text: string): string {
  if (saysNothing(earlier)) return text;
  return saysNothing(text) ? earlier : `${earlier}\n\n${text}`;
}
