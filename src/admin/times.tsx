/** Times on the page: the server writes when, the browser counts. Without a script the time itself stands there. */

export function Since(props: { readonly at: number; readonly after?: string }) {
  return (
    <time datetime={iso(props.at)} data-since={String(props.at)} data-after={props.after}>
      {clock(props.at)}
    </time>
  );
}

export function Until(props: { readonly at: number }) {
  return (
    <time datetime={iso(props.at)} data-until={String(props.at)}>
      {clock(props.at)}
    </time>
  );
}

export function At(props: { readonly at: number }) {
  return <time datetime={iso(props.at)}>{clock(props.at)}</time>;
}

/** "11-22 11:06:31 UTC" */
export function clock(at: number): string {
  const text = iso(at);
  return text === "" ? "—" : `${text.slice(5, 10)} ${text.slice(11, 19)} UTC`;
}

/** A time that storage holds may be no date at all; then there is none to show. */
function iso(at: number): string {
  return Number.isFinite(at) && Math.abs(at) <= 8e15 ? new Date(at).toISOString() : "";
}

/** "3.2 s", "2 min 5 s" */
export function span(ms: number): string {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 60_000) return `${Math.round(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function dollars(usd: number): string {
  return usd === 0 ? "—" : `$${usd < 0.1 ? usd.toFixed(4) : usd.toFixed(2)}`;
}
