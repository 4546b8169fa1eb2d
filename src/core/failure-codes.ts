import type { FailureClass, Scope } from "./failure.ts";

/**
 * The structured half of the table in reference/platform.md, part 5: which code or type means what, by provider.
 *
 * A `sure` code says one thing wherever it appears. A code that is not sure is a drawer into which a provider also puts
 * other things (Anthropic's `invalid_request_error` may be an empty balance, `rate_limit_error` a prompt too long for the
 * tier), so details and text are asked before it.
 */
export interface CodeRow {
  readonly codes: readonly string[];
  readonly class: FailureClass;
  readonly sure: boolean;
  readonly scope?: Scope;
  /** The provider's calendar, where it has one. */
  readonly until?: Calendar;
}

export type Calendar = "midnight_utc" | "midnight_pacific" | "first_of_next_month_utc";

export interface CodeMeaning extends CodeRow {
  readonly code: string;
}

/** The meaning of the first of these codes that has one; the provider's own table before the common one. */
export function meaningOfCodes(provider: string, codes: readonly string[], sure: boolean): CodeMeaning | undefined {
  for (const code of codes) {
    const row = find(CODES[provider] ?? [], code) ?? find(COMMON_CODES, code);
    if (row !== undefined && row.sure === sure) return { ...row, code };
  }
  return undefined;
}

function find(rows: readonly CodeRow[], code: string): CodeRow | undefined {
  return rows.find((row) => row.codes.includes(code));
}

const sure = (klass: FailureClass, codes: readonly string[], more: Partial<CodeRow> = {}): CodeRow => ({
  class: klass,
  codes,
  sure: true,
  ...more,
});
const drawer = (klass: FailureClass, codes: readonly string[], more: Partial<CodeRow> = {}): CodeRow => ({
  class: klass,
  codes,
  sure: false,
  ...more,
});

/** Object.create(null): a provider may be called "constructor". */
const CODES: Readonly<Record<string, readonly CodeRow[] | undefined>> = Object.assign(Object.create(null), {
  // developers.openai.com: guides/error-codes, guides/spend-limits
  openai: [
    sure("billing", ["project_spend_limit_exceeded"], { scope: "credential" }),
    sure("billing", [
      "credit_balance_exhausted",
      "organization_spend_limit_exceeded",
      "organization_usage_limit_exceeded",
      "billing_hard_limit_reached",
      "billing_not_active",
    ]),
    sure("auth", ["ip_not_authorized", "invalid_organization", "mismatched_organization", "missing_scope"]),
    sure("bad", ["unsupported_country_region_territory", "country_not_supported"]),
    drawer("rate", ["slow_down"]),
  ],
  // docs.claude.com: api/errors, api/rate-limits
  anthropic: [
    sure("billing", ["enforced_spend_limit_reached"], { until: "first_of_next_month_utc" }),
    sure("billing", ["billing_error"]),
    drawer("overload", ["api_error", "timeout_error"]),
    drawer("overload", ["conflict_error"]),
  ],
  // ai.google.dev: gemini-api/docs/troubleshooting; google.rpc.Code and ErrorInfo reasons
  google: [
    sure("auth", [
      "api_key_invalid",
      "api_key_expired",
      "api_key_service_blocked",
      "api_key_http_referrer_blocked",
      "api_key_ip_address_blocked",
      "api_key_android_app_blocked",
      "api_key_ios_app_blocked",
      "consumer_invalid",
      "consumer_suspended",
      "service_disabled",
      "access_token_expired",
      "account_state_invalid",
    ]),
    sure("billing", ["billing_disabled", "billing_not_enabled"]),
    sure("overload", ["model_capacity_exhausted"]),
    drawer("rate", ["resource_exhausted", "ratelimitexceeded", "rate_limit_exceeded"]),
    drawer("auth", ["unauthenticated"]),
    drawer("bad", ["permission_denied", "invalid_argument", "failed_precondition", "out_of_range"]),
    drawer("model_missing", ["not_found"]),
    drawer("overload", ["unavailable", "internal", "aborted", "unknown"]),
    drawer("overload", ["deadline_exceeded"]),
  ],
  // openrouter.ai: docs/api-reference/errors, docs/api-reference/limits
  openrouter: [
    sure("billing", ["openrouter_key_limit"], { scope: "credential" }),
    sure("billing", ["openrouter_credits"]),
    // A 402 with Retry-After: too much money is reserved by calls under way. It passes by itself.
    sure("rate", ["openrouter_in_flight_budget"]),
    sure("overload", ["provider_overloaded", "provider_unavailable"]),
  ],
  // console.groq.com: docs/errors, docs/rate-limits, docs/spend-limits
  groq: [
    sure("billing", ["blocked_api_access"]),
    sure("overload", ["capacity_exceeded", "flex_capacity_exceeded", "over_capacity"]),
    sure("auth", ["organization_restricted", "expired_api_key"]),
    sure("bad", ["tool_use_failed", "json_validate_failed"]),
    sure("model_missing", ["model_decommissioned", "model_terms_required"]),
  ],
  // docs.mistral.ai: the error glossary
  mistral: [
    sure("overload", ["3505", "service_tier_capacity_exceeded"]),
    sure("model_missing", ["1500", "invalid_model", "unknown_model"]),
    sure("overload", ["1000", "internal_server_error"]),
    drawer("rate", ["1300", "rate_limited"]),
    drawer("context", ["3051", "context_length_error"]),
    drawer("bad", ["invalid_request_message_order", "invalid_request_invalid_args"]),
  ],
  // docs.x.ai: docs/guides/debugging-errors. Its codes are sentences and live in failure-phrases.ts.
  xai: [],
  // api-docs.deepseek.com: quick_start/error_codes
  deepseek: [drawer("bad", ["unknown_error"])],
  // developers.cloudflare.com: workers-ai/platform/errors
  workersai: [
    sure("quota", ["3036", "4006"], { until: "midnight_utc" }),
    sure("overload", ["3040", "3043"]),
    sure("network", ["3007", "3008"]),
    sure("context", ["3006", "5021"]),
    sure("auth", ["10000", "10001"]),
    // 5016, 5018, 3041: this account may not use this model. The binding has no key to disable: another model is the way out.
    sure("model_missing", ["5007", "5016", "5018", "3041"]),
    sure("blocked", ["3023"]),
    sure("bad", ["5004", "5005", "3003", "3010", "5006"]),
    drawer("rate", ["3039"]),
  ],
});

/** Codes that mean the same wherever they appear: OpenAI's, which the compatible providers borrowed, and their own additions. */
const COMMON_CODES: readonly CodeRow[] = [
  sure("billing", [
    "insufficient_quota",
    "insufficient_balance",
    "insufficient_credits",
    "insufficient_funds",
    "credit_balance_exhausted",
    "billing_hard_limit_reached",
    "billing_not_active",
    "payment_required",
    "exceeded_current_quota_error", // Moonshot
    "arrearage", // Alibaba Model Studio
    "1113", // Zhipu: account in arrears
    "enforced_spend_limit_reached",
    "spend_limit_exceeded",
  ]),
  sure("quota", [
    "token_quota_exceeded",
    "request_quota_exceeded",
    "daily_limit_exceeded",
    "allocationquota.freetieronly",
  ]),
  sure("auth", [
    "invalid_api_key",
    "invalid_x_api_key",
    "incorrect_api_key",
    "invalid_authentication_error",
    "invalid_authentication",
    "wrong_api_key",
    "expired_api_key",
    "api_key_expired",
    "token_revoked",
    "token_expired",
    "token_invalidated",
    "account_deactivated",
    "invalid_organization",
    "invalid_project",
  ]),
  sure("context", [
    "context_length_exceeded",
    "context_window_exceeded",
    "exceed_context_size_error",
    "request_too_large",
    "string_above_max_length",
    "input_too_long",
    "prompt_too_long",
    "max_tokens_exceeded",
  ]),
  sure("overload", [
    "overloaded_error",
    "overloaded",
    "server_is_overloaded",
    "service_unavailable_error",
    "service_unavailable",
    "engine_overloaded_error", // Moonshot, under a 429
    "engine_overloaded",
    "capacity_exceeded",
    "server_error",
    "internal_server_error",
    "internal_error",
    "bad_gateway",
    "gateway_timeout",
    "queue_exceeded",
  ]),
  sure("blocked", [
    "content_filter",
    "content_policy_violation",
    "content_policy_violation_error",
    "responsibleaipolicyviolation",
    "moderation_blocked",
    "moderation",
    "data_inspection_failed", // Alibaba Model Studio
    "sensitive_words_detected",
    "1301", // Zhipu: unsafe content
  ]),
  sure("model_missing", [
    "model_not_found",
    "model_not_available",
    "model_not_exist",
    "deploymentnotfound", // Azure
    "invalid_model",
    "model_decommissioned",
    "model_deprecated",
    "model_not_supported",
  ]),
  drawer("rate", [
    "rate_limit_exceeded",
    "rate_limit_error",
    "rate_limit_reached_error",
    "rate_limited",
    "too_many_requests",
    "too_many_requests_error",
    "throttling",
    "throttlingexception",
    "throttling.ratequota",
    "limit_requests",
    "tokens",
    "requests",
    "1302", // Zhipu: concurrency
    "1305",
  ]),
  drawer("auth", ["authentication_error", "unauthorized", "unauthenticated"]),
  drawer("blocked", ["invalid_prompt"]),
  drawer("model_missing", ["not_found_error", "not_found", "notfounderror"]),
  drawer("overload", [
    "api_error",
    "timeout_error",
    "timeout",
    "unavailable",
    "unavailable_error",
    "internalservererror",
  ]),
  drawer("bad", [
    "permission_error",
    "permission_denied",
    "forbidden",
    "invalid_request_error",
    "invalid_request",
    "bad_request",
    "badrequesterror",
    "unsupported_value",
    "unsupported_parameter",
    "invalid_parameter",
    "missing_required_parameter",
    "invalid_type",
    "invalid_value",
    "unprocessable_entity",
    "validation_error",
  ]),
];
