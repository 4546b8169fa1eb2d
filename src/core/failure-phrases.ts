import type { FailureClass, Scope } from "./failure.ts";
import type { Calendar } from "./failure-codes.ts";

/**
 * The prose half of the table: what providers write for people, where their codes say too little. Asked after sure codes and
 * structured details, before drawers and statuses. The order is the rule: the first pattern that matches decides, so narrow
 * ones stand before wide ones. Every pattern has a fixture in test/core/fixtures/failures.
 */
export interface Phrase {
  /** Our own name for it: safe to log, where the provider's text is not. */
  readonly name: string;
  readonly class: FailureClass;
  readonly pattern: RegExp;
  readonly provider?: string;
  readonly scope?: Scope;
  readonly until?: Calendar;
  /** Only where no request was judged: no status, a broken stream, a timeout, a fault of a proxy. */
  readonly transportOnly?: true;
}

/** The first phrase that any of the texts contains. */
export function phraseIn(texts: readonly string[], provider: string, status: number | undefined): Phrase | undefined {
  const transport = status === undefined || status < 300 || status === 408 || status >= 500;
  return PHRASES.find(
    (phrase) =>
      (phrase.provider === undefined || phrase.provider === provider) &&
      (transport || phrase.transportOnly === undefined) &&
      texts.some((text) => phrase.pattern.test(text)),
  );
}

const PHRASES: readonly Phrase[] = [
  // The prompt does not fit. First, because such texts also speak of limits, tokens and rates.
  {
    name: "text.context",
    class: "context",
    pattern:
      /prompt is too long|(?:input|prompt|request) (?:is )?too (?:long|large) for (?:the )?(?:requested )?model|maximum context length|max(?:imum)? prompt length|exceeds? (?:the |this model'?s? )?(?:available )?(?:model'?s? )?context (?:window|length|size|limit)|exceeded (?:this )?model(?:'s)? (?:context window|token limit)|context (?:length|window|size) (?:is )?exceed|exceeds the maximum number of tokens|exceed context limit|greater than the context length|too large for model with|reduce (?:the length of the messages|your (?:message size|prompt))|extra usage is required for long context|request exceeds the maximum (?:allowed )?(?:size|number of bytes)|input token count.{0,40}exceeds/i,
  },

  // Money.
  {
    name: "text.workspace_spend_limit",
    class: "billing",
    scope: "credential",
    pattern: /reached your specified workspace api usage limits/i,
  },
  { name: "text.spend_limit", class: "billing", pattern: /reached your specified api usage limits/i },
  {
    name: "text.key_spend_limit",
    class: "billing",
    scope: "credential",
    pattern: /key limit exceeded \((?:total|monthly)/i,
  },
  {
    name: "text.key_budget",
    class: "quota",
    scope: "credential",
    until: "midnight_utc",
    pattern: /key limit exceeded \(daily/i,
  },
  { name: "text.key_budget", class: "quota", scope: "credential", pattern: /key limit exceeded/i },
  // A subscription that fills again by itself, whatever status it came with (402 "weekly limit, resets tomorrow").
  {
    name: "text.periodic_limit",
    class: "quota",
    pattern:
      /\b(?:daily|weekly|monthly|hourly|5[- ]hour|five[- ]hour|session|plan)\b.{0,24}\b(?:usage )?(?:limit|quota|allowance)\b(?=.{0,120}\b(?:resets?|renews|refreshes|try again|tomorrow)\b)|\busage limit\b(?=.{0,120}\b(?:resets?|renews|refreshes|try again|tomorrow)\b)|exhausted your capacity on this model|quota will reset|free-models-per-day/i,
  },
  {
    name: "text.out_of_credit",
    class: "billing",
    pattern:
      /credit balance is (?:too low|exhausted|depleted)|insufficient (?:account )?(?:balance|credits?|funds|quota)|not enough (?:credits?|balance|funds)|(?:no|out of|run out of|ran out of|used all available|doesn'?t have any|don'?t have any|never purchased) (?:more |remaining )?(?:api )?credits?\b(?! (?:were|was|will))|credits? (?:are|is|have been) (?:depleted|exhausted|used up)|requires more credits|can only afford|negative (?:credit )?balance|monthly spending (?:limit|cap)|spend(?:ing)? (?:limit|cap) (?:has been |was )?(?:reached|exceeded)|exceeded .{0,20}spend(?:ing)? (?:limit|cap)|purchase (?:more |those )?credits|billing hard limit|check your billing|account (?:is )?(?:not active|in arrears|overdue)|payment (?:is )?required|(?:enable|activate|set up) billing|billing (?:account )?(?:is |has been )?(?:not enabled|disabled|not active)|余额不足|欠费/i,
  },

  // A day's allowance.
  {
    name: "text.daily_allocation",
    class: "quota",
    until: "midnight_utc",
    pattern: /used up your daily free allocation/i,
  },
  { name: "text.per_day", class: "quota", scope: "model", pattern: /\b(?:requests|tokens) per day\b|\((?:RPD|TPD)\)/i },
  {
    name: "text.google_quota",
    class: "quota",
    provider: "google",
    until: "midnight_pacific",
    pattern: /exceeded your current quota/i,
  },
  { name: "text.current_quota", class: "billing", pattern: /exceeded your current quota.{0,60}(?:plan and )?billing/i },

  // The model, not the key, although some of these texts name the key.
  {
    name: "text.model",
    class: "model_missing",
    pattern:
      /model .{0,100}(?:does not exist|not exist\b|not found|is not available|has been (?:deprecated|decommissioned|retired)|is not supported)|(?:is not a valid model id|invalid model|unknown model|no such model|no endpoints found|model_not_found)|(?:do(?:es)? not|don'?t|doesn'?t) have (?:access|permission)s? to (?:use )?(?:the |this )?model|no available (?:model )?provider|models\/\S{1,100} is not found/i,
  },

  // The key.
  {
    name: "text.key",
    class: "auth",
    pattern:
      /(?:incorrect|invalid|malformed|missing|wrong|unknown|revoked|expired) (?:x-)?api[- ]?key|(?:api[- ]?)key(?: provided)? (?:is |was |has been |is currently )*(?:not valid|invalid|incorrect|expired|revoked|disabled|deactivated|deleted|blocked|reported as leaked|not found|missing)|api[- ]?key not (?:valid|found)|no auth credentials|no (?:cookie )?auth|user not found|didn'?t provide an api key|missing scopes|\bkey (?:provided )?(?:does not|doesn'?t|lacks) (?:have )?(?:the )?(?:required )?permission|(?:organization|account|project) (?:has been|is|was) (?:disabled|deactivated|suspended|restricted|terminated|archived)|must be a member of an organization|doesn'?t allow unregistered callers|authentication fails|oauth (?:token|authentication).{0,40}(?:expired|revoked|not allowed)|ip .{0,40}(?:not authorized|allow ?list)/i,
  },

  // What was said.
  {
    name: "text.policy",
    class: "blocked",
    pattern:
      /content (?:policy|management policy|filter|violates|exists risk)|usage (?:policy|policies|guidelines)|acceptable use|prohibited[ _]content|safety (?:system|reasons|check)|requires moderation|input was flagged|flagged (?:for|as|by)|blocked by (?:our )?(?:content|safety|moderation|guardrail)|guardrail/i,
  },

  // The provider's own trouble; also under 429, 403 and 400.
  {
    name: "text.overload",
    class: "overload",
    pattern:
      /overloaded|server (?:is )?(?:busy|overload)|(?:high|heavy|unusually high|excessive) (?:demand|load|traffic)|(?:tier )?capacity (?:temporarily )?(?:has been )?exceeded|(?:at|no|out of|over|insufficient) (?:available )?capacity|no capacity available|temporarily rate-limited upstream|service (?:is )?(?:temporarily )?unavailable|temporarily unavailable|internal (?:server )?error|server had an error|error (?:occurred )?while processing your request|something went wrong on our|bad gateway|gateway time-?out|loading model|model is (?:currently )?loading/i,
  },

  // Too fast.
  {
    name: "text.rate",
    class: "rate",
    pattern:
      /rate[- _]?limit|too many (?:requests|tokens|concurrent)|requests? per (?:minute|second)|tokens? per min|throttl|slow down|some resource has been exhausted|resource (?:has been )?exhausted|concurren(?:cy|t) (?:requests? )?limit|quota exceeded/i,
  },

  // OpenRouter's words for any upstream's failure, where nothing narrower was said.
  { name: "text.upstream", class: "overload", pattern: /provider returned error/i },

  // The way there.
  {
    name: "text.network",
    class: "network",
    transportOnly: true,
    pattern:
      /fetch failed|failed to fetch|cannot connect|network (?:error|connection)|connection (?:lost|reset|refused|closed|error|timed out|terminated)|socket (?:hang up|closed)|econnreset|econnrefused|enotfound|etimedout|epipe|eai_again|und_err|timed? ?out|premature close|terminated|ended (?:without|before)|stream (?:closed|ended|interrupted)|\bdns\b|\btls\b|certificate/i,
  },

  // The request.
  {
    name: "text.request",
    class: "bad",
    pattern:
      /client specified an invalid argument|invalid[ _]request|unrecognized request argument|unsupported (?:parameter|value)|invalid (?:schema|parameter|value|type) (?:for|of)|field required|validation error|not supported (?:in|for) your (?:country|region)|user location is not supported|country, region, or territory not supported/i,
  },
];
