import { failureFields } from "../agent/failover.ts";
import { classify, touchesCredential } from "../core/failure.ts";
import type { Door } from "./door.ts";
import { Leasing } from "./leasing.ts";
import type { Recording, SessionPorts } from "./ports.ts";

/** Each of them is sent the whole recording. */
const MOST_KEYS = 5;

/**
 * What is said in a recording; undefined: nobody could hear it. The keys are the pool's, as those of an answer are: one that
 * is refused for its own sake rests, and the next one is asked.
 */
export async function hear(
  recording: Recording,
  run: string,
  door: Door,
  ports: SessionPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const model = ports.settings.transcriptionModel;
  if (!model || !ports.transcribe) return undefined;
  // Of its own: what the pool takes back of the answer's keys is not forgotten here.
  const leasing = new Leasing(run, door, ports);
  const tried: string[] = [];
  while (tried.length < MOST_KEYS && !signal.aborted) {
    const lease = await leasing.lease(model, tried);
    if (!lease.ok) return undefined;
    tried.push(lease.credential);
    const key = await ports.keyOf(model.provider, lease.credential);
    if (key === undefined) continue;
    const startedAt = ports.now();
    const heard = await ports.transcribe(recording, key, signal);
    if (heard.ok) {
      // Others wait for what becomes of a key on trial.
      if (lease.isProbe) await leasing.report(model, lease, { ok: true });
      return heard.text;
    }
    if (heard.kind !== "failed") return undefined;
    const verdict = classify(heard.raw);
    const fields = failureFields(model, lease.credential, verdict, { midStream: false, ms: ports.now() - startedAt });
    door.log("run.failure", { run, epoch: door.session.epoch, ...fields });
    if (!touchesCredential(verdict)) return undefined;
    await leasing.report(model, lease, { ok: false, verdict });
  }
  return undefined;
}
