import type { Conversation } from "./conversation.ts";
import type { Door } from "./reply.ts";

export interface ClosedDoor {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The failures as providers word them (reference/platform.md, part 5). */
export function closedDoor(door: Door, dialect: Conversation["dialect"], key: string): ClosedDoor | undefined {
  return dialect === "openai" ? openAi(door, key) : anthropic(door);
}

function openAi(door: Door, key: string): ClosedDoor | undefined {
  const say = (status: number, type: string, code: string | null, message: string, headers = {}): ClosedDoor => ({
    status,
    headers,
    body: { error: { message, type, param: null, code } },
  });
  switch (door.kind) {
    case "open":
    case "reset":
      return undefined;
    case "rate_limited": {
      const seconds = door.retryAfterSeconds;
      const message = `Rate limit reached for requests.${seconds ? ` Please try again in ${seconds}s.` : ""}`;
      const headers = seconds === undefined ? {} : { "retry-after": String(seconds) };
      return say(429, "requests", "rate_limit_exceeded", message, headers);
    }
    case "out_of_credit":
      if (door.as === 402) return say(402, "billing_error", null, "Insufficient credits. Add more to continue.");
      return say(
        429,
        "insufficient_quota",
        "insufficient_quota",
        "You exceeded your current quota, please check your plan and billing details.",
      );
    case "dead":
      // A real provider repeats a part of the key, which is why bodies must never be logged.
      return say(401, "invalid_request_error", "invalid_api_key", `Incorrect API key provided: ${key.slice(0, 8)}***.`);
    case "overloaded":
      return say(503, "service_unavailable_error", "server_is_overloaded", "The server is overloaded.");
    case "server_error":
      return say(500, "server_error", null, "The server had an error while processing your request.");
    case "context_too_long":
      return say(
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 140000 tokens.",
      );
  }
}

function anthropic(door: Door): ClosedDoor | undefined {
  const say = (status: number, type: string, message: string, headers = {}): ClosedDoor => ({
    status,
    headers,
    body: { type: "error", error: { type, message } },
  });
  switch (door.kind) {
    case "open":
    case "reset":
      return undefined;
    case "rate_limited": {
      const headers = door.retryAfterSeconds === undefined ? {} : { "retry-after": String(door.retryAfterSeconds) };
      return say(429, "rate_limit_error", "This request would exceed your rate limit.", headers);
    }
    case "out_of_credit":
      if (door.as === 402) return say(402, "billing_error", "There is an issue with your billing.");
      return say(400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.");
    case "dead":
      return say(401, "authentication_error", "invalid x-api-key");
    case "overloaded":
      return say(529, "overloaded_error", "Overloaded");
    case "server_error":
      return say(500, "api_error", "Internal server error");
    case "context_too_long":
      return say(400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum");
  }
}
