/**
 * The register of sessions is spread over so many Directory objects. It is told of every message and asked only by the
 * maintainers' page, so it must never be the one object that all messages meet.
 */
export const SHARDS = 16;

const PREFIX = "sessions-";

/** Names of all the shards: what `env.DIRECTORY.getByName` takes. */
export const SHARD_NAMES: readonly string[] = Array.from({ length: SHARDS }, (_, shard) => `${PREFIX}${shard}`);

/** The one Directory object of the whole bot: who was paired, which skills were added. */
export const BOT_DIRECTORY = "bot";

/** The name of the shard that registers this session. It must never change: a session would be listed twice. */
export function shardOf(key: string): string {
  return `${PREFIX}${fnv1a(key) % SHARDS}`;
}

/** FNV-1a of 32 bits, over UTF-16 code units: keys are ASCII. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
