import * as z from "zod";
import { refused, said, type Tool } from "./tool.ts";

/** Always offered. Takes effect when the run ends, however it ends; asked for twice it is the same request. */
export const sessionReset: Tool<Record<string, never>> = {
  name: "session_reset",
  description:
    "Clears this conversation when the present turn ends: the next message begins a new one, with no memory of this. Use it when the person asks for a fresh start.",
  arguments: z.object({}),
  repeatable: true,
  limitMs: 1000,
  status: () => ({ key: "tool.session_reset", params: {} }),
  async run(_given, context) {
    return context.requestReset()
      ? said("The conversation will be cleared when this turn ends. Answer the person first; then it is gone.")
      : refused("Nothing was cleared: this task runs beside the conversation. The person clears that with /new.");
  },
};
