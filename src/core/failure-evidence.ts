/**
 * What a failed call left behind, in one flat shape: the codes, texts, statuses and times found anywhere in its body, with
 * its headers. It only collects; what they mean is failure-codes.ts, failure-phrases.ts and failure.ts. Bodies are foreign
 * data: walked to a bounded depth and size, never trusted, never kept.
 */

export interface Evidence {
  readonly provider: string;
  /** Lower-case: codes before types (`insufficient_quota` is the type of four codes), the outermost first. */
  readonly codes: readonly string[];
  /** Everything written for people, one string per place, shortened. */
  readonly texts: readonly string[];
  /** A status that the body itself names (a chunk in a 200 says `code: 502`), else the HTTP status. */
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** Google's `quotaId`s and `quotaMetric`s. */
  readonly quotas: readonly string[];
  /** Body fields that name a moment or a wait, by their name without separators in lower case. */
  readonly times: ReadonlyMap<string, string | number>;
  /** OpenRouter hands on what an upstream said (`metadata.raw`); `byok` when the person's own key there was used. */
  readonly upstream: { readonly spoke: boolean; readonly byok: boolean };
  readonly requestId: string | undefined;
}

export interface EvidenceSource {
  readonly provider: string;
  readonly status?: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
  readonly message?: string;
}

/** Enough for the deepest known nesting (OpenRouter: error → metadata → raw → error → details → item). */
const MOST_DEPTH = 8;
const MOST_NODES = 400;
const MOST_TEXTS = 40;
/** Patterns run over this much of a text; error messages are shorter, echoed prompts are not. */
const MOST_TEXT_CHARS = 2_000;
const MOST_JSON_CHARS = 200_000;

const CODE_FIELDS = new Set(["code", "type", "status", "reason", "errorcode", "errortype", "limitsource", "object"]);
const TYPE_FIELDS = new Set(["type", "errortype", "status", "object"]);
const TEXT_FIELDS = new Set([
  "message",
  "msg",
  "error",
  "detail",
  "details",
  "raw",
  "title",
  "description",
  "errormessage",
]);
const TIME_FIELDS = new Set([
  "resetat",
  "resetsat",
  "resettime",
  "retryuntil",
  "quotaresettimestamp",
  "xratelimitreset",
  "retryafter",
  "retryafterseconds",
  "resetsinseconds",
  "retryafterms",
  "retrydelay",
  "quotaresetdelay",
]);

/** Echoes of what was asked: a prompt that speaks of rate limits is no evidence of one. */
const ECHO_FIELDS = new Set(["input", "prompt", "messages", "failedgeneration", "request", "content", "ctx"]);

export function gatherEvidence(failure: EvidenceSource): Evidence {
  const walk = new Walk();
  walk.visit(failure.body, "", 0);
  if (failure.message !== undefined) walk.readMessage(failure.message);
  const headers = failure.headers ?? {};
  return {
    provider: failure.provider.toLowerCase(),
    codes: [...walk.codes, ...walk.types],
    texts: walk.texts,
    status: walk.status ?? failure.status,
    headers,
    quotas: walk.quotas,
    times: walk.times,
    upstream: { spoke: walk.upstreamSpoke, byok: walk.byok },
    requestId: requestIdOf(headers, walk.requestId),
  };
}

class Walk {
  readonly codes: string[] = [];
  readonly types: string[] = [];
  readonly texts: string[] = [];
  readonly quotas: string[] = [];
  readonly times = new Map<string, string | number>();
  status: number | undefined;
  upstreamSpoke = false;
  byok = false;
  requestId: string | undefined;
  #nodes = 0;

  visit(value: unknown, field: string, depth: number): void {
    if (ECHO_FIELDS.has(field) || depth > MOST_DEPTH || ++this.#nodes > MOST_NODES) return;
    if (typeof value === "string") {
      this.#readString(value, field, depth);
    } else if (typeof value === "number") {
      this.#readNumber(value, field);
    } else if (typeof value === "boolean") {
      if (field === "isbyok") this.byok ||= value;
    } else if (Array.isArray(value)) {
      for (const item of value) {
        if (this.#nodes > MOST_NODES) break;
        this.visit(item, field, depth + 1);
      }
    } else if (value !== null && typeof value === "object") {
      // Own codes and texts before those of nested objects: the outermost statement decides.
      const entries = Object.entries(value).map(([name, inner]) => [plainName(name), inner] as const);
      for (const [name, inner] of entries) if (!isContainer(inner)) this.visit(inner, name, depth + 1);
      for (const [name, inner] of entries) if (isContainer(inner)) this.visit(inner, name, depth + 1);
    }
  }

  /** A thrown message may be JSON itself, or carry Workers AI's "4006: …". */
  readMessage(message: string): void {
    const prefix = /^(?:[A-Za-z]{0,40}Error:\s*)?(\d{4}):\s/.exec(message);
    if (prefix?.[1] !== undefined) this.codes.push(prefix[1]);
    this.visit(message, "message", 1);
  }

  #readString(value: string, field: string, depth: number): void {
    if (field === "raw") this.upstreamSpoke = true;
    const inner = field === "" || TEXT_FIELDS.has(field) ? parseJson(value) : undefined;
    if (inner !== undefined) {
      this.visit(inner, field, depth + 1);
      return;
    }
    if (field === "requestid") this.requestId ??= value;
    else if (field === "quotaid" || field === "quotametric") this.quotas.push(value.slice(0, 200).toLowerCase());
    else if (TIME_FIELDS.has(field)) this.times.set(field, value.slice(0, 100));
    else if (CODE_FIELDS.has(field)) this.#readCode(value, TYPE_FIELDS.has(field) ? this.types : this.codes);
    else if (field === "" || TEXT_FIELDS.has(field)) this.#readText(value);
  }

  #readCode(value: string, into: string[]): void {
    const code = value.trim().toLowerCase();
    if (/^[45]\d\d$/.test(code)) this.status ??= Number(code);
    else if (/^[a-z0-9_.-]{1,64}$/.test(code)) into.push(code);
    // xAI's codes are sentences ("Some resource has been exhausted").
    else this.#readText(value);
  }

  #readText(value: string): void {
    const prefix = /^(?:[A-Za-z]{0,40}Error:\s*)?(\d{4}):\s/.exec(value);
    if (prefix?.[1] !== undefined && !this.codes.includes(prefix[1])) this.codes.push(prefix[1]);
    if (this.texts.length >= MOST_TEXTS) return;
    // xAI's gateway has been seen to send its messages URL-encoded.
    this.texts.push(value.slice(0, MOST_TEXT_CHARS).replace(/%20|\s+/g, " "));
  }

  #readNumber(value: number, field: string): void {
    if (TIME_FIELDS.has(field)) this.times.set(field, value);
    else if (field === "code" || field === "status" || field === "statuscode") {
      if (value >= 400 && value < 600) this.status ??= value;
      else if (Number.isInteger(value) && value >= 1000) this.codes.push(String(value));
    }
  }
}

function isContainer(value: unknown): boolean {
  return value !== null && typeof value === "object";
}

/** "X-RateLimit-Reset", "retry_after" and "retryDelay" are one name each, however spelt. */
function plainName(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, "").toLowerCase();
}

function parseJson(text: string): unknown {
  const start = text.trimStart();
  if (!(start.startsWith("{") || start.startsWith("[")) || text.length > MOST_JSON_CHARS) return undefined;
  try {
    return JSON.parse(start);
  } catch {
    return undefined;
  }
}

const REQUEST_ID_HEADERS = [
  "x-request-id",
  "request-id",
  "x-goog-request-id",
  "cf-aig-log-id",
  "cf-ai-req-id",
  "cf-ray",
];

/** Short ids of the known alphabet; never anything that could be a key. */
function requestIdOf(headers: Readonly<Record<string, string>>, fromBody: string | undefined): string | undefined {
  for (const id of [...REQUEST_ID_HEADERS.map((name) => headers[name]), fromBody]) {
    if (typeof id === "string" && /^[A-Za-z0-9_:-]{6,80}$/.test(id) && !/^(sk|gsk|xai|key|AIza|AQ)[-_A-Z]/i.test(id))
      return id;
  }
  return undefined;
}
