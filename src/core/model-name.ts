export interface ModelName {
  readonly provider: string;
  readonly model: string;
}

/**
 * "openai/gpt-5-mini" → {provider, model}. The model may contain slashes. "my-llm" and "my_llm" are one provider: the names of
 * its settings (MY_LLM_BASE_URL) cannot tell them apart.
 */
export function parseModelName(text: string): ModelName | undefined {
  const match = /^([a-z0-9][a-z0-9_-]{0,63})\/(\S{1,200})$/i.exec(text);
  if (!match?.[1] || !match[2]) return undefined;
  return { provider: match[1].toLowerCase().replaceAll("-", "_"), model: match[2] };
}
