import { poolChanged, ticked, woken } from "./alarm.ts";
import { preferred, received } from "./arrival.ts";
import type { Event } from "./event.ts";
import { chosen, leaseLost, reported } from "./report.ts";
import type { Session } from "./session.ts";
import type { Circumstances, Stepped } from "./stepped.ts";
import { resetAsked, stopped } from "./stop.ts";

/**
 * The one rule of a session: what an event makes of it, and what is to be done. Total and pure: every event is legal in
 * every state, time and the name of a run that may begin are arguments, and nothing here throws, awaits or reads a clock.
 * It must never free or end a run by anything but that run's own id or a person's word, and never leave a session busy
 * without a time at which it moves on.
 */

export function step(session: Session, event: Event, at: Circumstances): Stepped {
  switch (event.type) {
    case "received":
      return received(session, event, at);
    case "stopped":
      return stopped(session, event, at);
    case "resetAsked":
      return resetAsked(session, event, at);
    case "preferred":
      return preferred(session, event, at);
    case "ticked":
      return ticked(session, event, at);
    case "woken":
      return woken(session, at);
    case "poolChanged":
      return poolChanged(session, at);
    case "leaseLost":
      return leaseLost(session, event);
    case "chosen":
      return chosen(session, event, at);
    case "stepped":
    case "answered":
    case "failed":
    case "exhausted":
    case "asked":
    case "resetWhenDoneAsked":
    case "compacted":
      return reported(session, event, at);
    default:
      return event satisfies never;
  }
}
