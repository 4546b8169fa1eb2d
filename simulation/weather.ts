import type { Chance } from "./chance.ts";

/**
 * What may go wrong, and how often. A world draws its own climate from its seed, so that seeds differ in kind and not in
 * details alone; in the liveness phase everything is calm.
 */
export interface Weather {
  /** Per call of a session's object: it dies at one of the ports that the call passes. */
  readonly crashAtPort: number;
  /** How often an object dies without a call, on average: a detached promise is cut, a Worker is moved. 0: never. */
  readonly crashEveryMs: number;
  /** Of those that die, so many live on for a while as zombies. */
  readonly zombie: number;
  readonly deployEveryMs: number;
  readonly alarmLate: number;
  readonly alarmTwice: number;
  readonly flood: number;
  readonly telegramFault: number;
  readonly lostAnswer: number;
  readonly slowTelegram: number;
  readonly refusedMarkup: number;
  /** The server that the world has does not know rich messages. */
  readonly oldServer: number;
  readonly lostWebhook: number;
  readonly repeatedUpdate: number;
  /** Beside an update comes one that is not Telegram's. */
  readonly forged: number;
  /** The same update comes twice at the same time. */
  readonly twinUpdate: number;
  readonly rpcLost: number;
  /** How often a kind of object cannot be reached for a while. */
  readonly outageEveryMs: number;
  /** Per call of a session's object: a statement or a commit of it fails. */
  readonly storageFault: number;
  readonly modelMute: number;
  readonly modelTorn: number;
  readonly modelEmpty: number;
  readonly modelTools: number;
  readonly modelFault: number;
  readonly modelSlow: number;
  readonly keyTroubleEveryMs: number;
  readonly blockEveryMs: number;
  /** A group becomes a supergroup, each once. */
  readonly moveEveryMs: number;
}

export const CALM: Weather = {
  crashAtPort: 0,
  crashEveryMs: 0,
  zombie: 0,
  deployEveryMs: 0,
  alarmLate: 0,
  alarmTwice: 0,
  flood: 0,
  telegramFault: 0,
  lostAnswer: 0,
  slowTelegram: 0,
  refusedMarkup: 0,
  oldServer: 0,
  lostWebhook: 0,
  repeatedUpdate: 0,
  forged: 0,
  twinUpdate: 0,
  rpcLost: 0,
  outageEveryMs: 0,
  storageFault: 0,
  modelMute: 0,
  modelTorn: 0,
  modelEmpty: 0,
  modelTools: 0,
  modelFault: 0,
  modelSlow: 0,
  keyTroubleEveryMs: 0,
  blockEveryMs: 0,
  moveEveryMs: 0,
};

const MINUTE_MS = 60_000;

/** A climate: each kind of trouble is absent, seldom or frequent. */
export function climate(chance: Chance): Weather {
  const often = (most: number) => chance.pick([0, most / 10, most / 3, most]);
  const every = (least: number) => chance.pick([0, least * 10, least * 3, least]);
  return {
    crashAtPort: often(0.04),
    crashEveryMs: every(2 * MINUTE_MS),
    zombie: often(0.5),
    deployEveryMs: every(5 * MINUTE_MS),
    alarmLate: often(0.3),
    alarmTwice: often(0.1),
    flood: often(0.04),
    telegramFault: often(0.06),
    lostAnswer: often(0.05),
    slowTelegram: often(0.05),
    refusedMarkup: often(0.1),
    oldServer: often(0.3),
    lostWebhook: often(0.1),
    repeatedUpdate: often(0.1),
    forged: often(0.05),
    twinUpdate: often(0.1),
    rpcLost: often(0.1),
    outageEveryMs: every(3 * MINUTE_MS),
    storageFault: often(0.02),
    modelMute: often(0.06),
    modelTorn: often(0.08),
    modelEmpty: often(0.08),
    modelTools: chance.pick([0, 0.3, 0.6]),
    modelFault: often(0.1),
    modelSlow: often(0.2),
    keyTroubleEveryMs: every(MINUTE_MS / 2),
    blockEveryMs: every(20 * MINUTE_MS),
    moveEveryMs: every(10 * MINUTE_MS),
  };
}
