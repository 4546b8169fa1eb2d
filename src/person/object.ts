import { DurableObject } from "cloudflare:workers";
import { hasAnything, NOTHING, PersonShell } from "./shell.ts";

declare global {
  namespace Cloudflare {
    interface Env {
      PERSON: DurableObjectNamespace<Person>;
    }
  }
}

/**
 * One person, named by their Telegram user id: `env.PERSON.getByName(String(userId))`. No rule lives here; shell.ts has
 * them all. Its stub is the PersonPort of the tools.
 */
export class Person extends DurableObject {
  #opened: PersonShell | undefined;

  get #shell(): PersonShell {
    this.#opened ??= new PersonShell(this.ctx.storage.sql, Date.now);
    return this.#opened;
  }

  remember(request: Parameters<PersonShell["remember"]>[0]): ReturnType<PersonShell["remember"]> {
    return this.#shell.remember(request);
  }

  recall(request: Parameters<PersonShell["recall"]>[0]): ReturnType<PersonShell["recall"]> {
    return this.#shell.recall(request);
  }

  forget(request: Parameters<PersonShell["forget"]>[0]): ReturnType<PersonShell["forget"]> {
    return this.#shell.forget(request);
  }

  memories(request: Parameters<PersonShell["memories"]>[0]): ReturnType<PersonShell["memories"]> {
    return this.#shell.memories(request);
  }

  erase(request: Parameters<PersonShell["erase"]>[0]): ReturnType<PersonShell["erase"]> {
    // One transaction: killed in the middle, either all is there or nothing is.
    return this.ctx.storage.transactionSync(() => this.#shell.erase(request));
  }

  profile(request: Parameters<PersonShell["profile"]>[0]): ReturnType<PersonShell["profile"]> {
    return this.#shell.profile(request);
  }

  setProfile(request: Parameters<PersonShell["setProfile"]>[0]): ReturnType<PersonShell["setProfile"]> {
    return this.#shell.setProfile(request);
  }

  addSpend(request: Parameters<PersonShell["addSpend"]>[0]): ReturnType<PersonShell["addSpend"]> {
    return this.#shell.addSpend(request);
  }

  spentToday(request: Parameters<PersonShell["spentToday"]>[0]): ReturnType<PersonShell["spentToday"]> {
    return this.#shell.spentToday(request);
  }

  usage(request: Parameters<PersonShell["usage"]>[0]): ReturnType<PersonShell["usage"]> {
    return this.#shell.usage(request);
  }

  overview(request: Parameters<PersonShell["overview"]>[0]): ReturnType<PersonShell["overview"]> {
    // Asked of everybody: whoever has nothing kept is not given tables for it.
    return this.#opened || hasAnything(this.ctx.storage.sql) ? this.#shell.overview(request) : NOTHING;
  }
}
