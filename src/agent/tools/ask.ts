import * as z from "zod";
import { refused, short, type Tool } from "./tool.ts";

/** Buttons: few enough to be seen at once, short enough to be read on a telephone. */
const MOST_OPTIONS = 8;
const OPTION_CHARS = 60;
const QUESTION_CHARS = 1000;

/** The choice becomes the result of the call once the person has pressed; the run waits durably until then. */
export const ask: Tool<{ question: string; options: string[] }> = {
  name: "ask",
  description:
    "Asks the person a question with buttons and waits for the choice. Use it before anything that cannot be undone, or when you cannot go on without knowing.",
  arguments: z.object({
    question: z.string(),
    options: z
      .array(z.string())
      .describe(`up to ${MOST_OPTIONS} different answers, at most ${OPTION_CHARS} characters each`),
  }),
  // The question is put in the transaction that parks the run: where a process died over the call, it was never put.
  repeatable: true,
  limitMs: 5000,
  status: (given) => ({ key: "tool.ask", params: { question: short(given.question) } }),
  async run(given) {
    const question = given.question.trim();
    const options = [...new Set(given.options.map((option) => option.trim()).filter((option) => option !== ""))];
    if (question === "" || question.length > QUESTION_CHARS) {
      return refused(`The question was not asked: expected 1 to ${QUESTION_CHARS} characters.`);
    }
    if (options.length < 1 || options.length > MOST_OPTIONS || options.some((option) => option.length > OPTION_CHARS)) {
      return refused(
        `The question was not asked: expected 1 to ${MOST_OPTIONS} different options of at most ${OPTION_CHARS} characters.`,
      );
    }
    return { kind: "ask", question, options };
  },
};
