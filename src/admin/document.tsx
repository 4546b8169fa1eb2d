import { raw } from "hono/html";
import type { Child } from "hono/jsx";
import { STYLE } from "./style.ts";

/** The frame of every page: one style sheet, allowed by its nonce, and nothing from elsewhere. */
export function Document(props: {
  readonly title: string;
  readonly nonce: string;
  readonly script?: string;
  /** The server's clock, which the script counts from. */
  readonly at?: number;
  readonly children?: Child;
}) {
  return (
    <>
      {raw("<!doctype html>")}
      <html lang="en">
        <head>
          <meta charset="utf-8" />
          <meta name="viewport" content="width=device-width, initial-scale=1" />
          <meta name="color-scheme" content="light dark" />
          <title>{props.title}</title>
          <link rel="icon" href="data:," />
          <style nonce={props.nonce}>{raw(STYLE)}</style>
        </head>
        <body data-at={props.at === undefined ? undefined : String(props.at)}>
          {props.children}
          {props.script && <script nonce={props.nonce}>{raw(props.script)}</script>}
        </body>
      </html>
    </>
  );
}
