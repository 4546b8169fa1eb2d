import { DurableObject } from "cloudflare:workers";
import { type Environment, settingsOf } from "../environment.ts";
import { DirectoryShell } from "./shell.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      DIRECTORY: DurableObjectNamespace<Directory>;
    }
  }
}

/**
 * What is known of the bot as a whole, off the path of every answer: `env.DIRECTORY.getByName(shardOf(key))` registers a
 * session, `getByName(BOT_DIRECTORY)` holds who was paired and which skills were added. No rule lives here.
 */
export class Directory extends DurableObject<Environment> {
  readonly #shell: DirectoryShell;

  constructor(ctx: DurableObjectState, env: Environment) {
    super(ctx, env);
    const { sql } = ctx.storage;
    this.#shell = new DirectoryShell({
      sql,
      hash: (code) => hmac(settingsOf(env).webhookSecret, code),
      random: (bytes) => crypto.getRandomValues(new Uint8Array(bytes)),
      now: Date.now,
    });
  }

  touch(request: Parameters<DirectoryShell["touch"]>[0]): ReturnType<DirectoryShell["touch"]> {
    return this.#shell.touch(request);
  }

  page(request: Parameters<DirectoryShell["page"]>[0]): ReturnType<DirectoryShell["page"]> {
    return this.#shell.page(request);
  }

  has(request: Parameters<DirectoryShell["has"]>[0]): ReturnType<DirectoryShell["has"]> {
    return this.#shell.has(request);
  }

  ofPerson(request: Parameters<DirectoryShell["ofPerson"]>[0]): ReturnType<DirectoryShell["ofPerson"]> {
    return this.#shell.ofPerson(request);
  }

  ofChat(request: Parameters<DirectoryShell["ofChat"]>[0]): ReturnType<DirectoryShell["ofChat"]> {
    return this.#shell.ofChat(request);
  }

  count(): ReturnType<DirectoryShell["count"]> {
    return this.#shell.count();
  }

  drop(request: Parameters<DirectoryShell["drop"]>[0]): ReturnType<DirectoryShell["drop"]> {
    return this.#shell.drop(request);
  }

  request(request: Parameters<DirectoryShell["request"]>[0]): ReturnType<DirectoryShell["request"]> {
    return this.#shell.request(request);
  }

  approve(request: Parameters<DirectoryShell["approve"]>[0]): ReturnType<DirectoryShell["approve"]> {
    return this.#shell.approve(request);
  }

  revoke(request: Parameters<DirectoryShell["revoke"]>[0]): ReturnType<DirectoryShell["revoke"]> {
    return this.#shell.revoke(request);
  }

  isPaired(request: Parameters<DirectoryShell["isPaired"]>[0]): ReturnType<DirectoryShell["isPaired"]> {
    return this.#shell.isPaired(request);
  }

  tellsStranger(request: Parameters<DirectoryShell["tellsStranger"]>[0]): ReturnType<DirectoryShell["tellsStranger"]> {
    return this.#shell.tellsStranger(request);
  }

  list(): ReturnType<DirectoryShell["list"]> {
    return this.#shell.list();
  }

  skills(): ReturnType<DirectoryShell["skills"]> {
    return this.#shell.skills();
  }

  addSkill(request: Parameters<DirectoryShell["addSkill"]>[0]): ReturnType<DirectoryShell["addSkill"]> {
    return this.#shell.addSkill(request);
  }

  removeSkill(request: Parameters<DirectoryShell["removeSkill"]>[0]): ReturnType<DirectoryShell["removeSkill"]> {
    return this.#shell.removeSkill(request);
  }
}

/** Keyed by the webhook secret, so that a stolen book does not yield its codes. The prefix keeps the key from being empty. */
async function hmac(secret: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const key = await crypto.subtle.importKey(
    "raw",
    encoder.encode(`turnkeeper pairing ${secret}`),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const signed = new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
  return Array.from(signed, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
