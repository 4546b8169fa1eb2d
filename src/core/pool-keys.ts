/** How the keys of a pool are written in a setting: separated by commas or white space, each perhaps as `KEY@account`. */
export interface WrittenKey {
  readonly key: string;
  /** Keys of one account cool together. */
  readonly account?: string;
}

/** Quotes and brackets come along where a list is pasted as it stood in code. */
export function keysIn(setting: string): readonly WrittenKey[] {
  return setting.split(/[\s,"'[\]]+/).flatMap((written) => (written === "" ? [] : [keyIn(written)]));
}

function keyIn(written: string): WrittenKey {
  const at = written.lastIndexOf("@");
  if (at <= 0) return { key: written };
  const account = written.slice(at + 1);
  return { key: written.slice(0, at), ...(account === "" ? {} : { account }) };
}

/** Another would not fit into a header: workerd sends it garbled, and says it aloud on the console. */
export function isSendable({ key }: WrittenKey): boolean {
  return /^[!-~]+$/.test(key);
}

/** Each key once, with the account that it was first written with. */
export function distinct(keys: readonly WrittenKey[]): readonly WrittenKey[] {
  return keys.filter(({ key }, index) => keys.findIndex((one) => one.key === key) === index);
}
