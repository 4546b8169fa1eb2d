/**
 * Waits for something to become true without sleeping: looks now, and again whenever `subscribe` reports a change.
 * When it does not come, the error says what was waited for and what was there instead.
 */
export function waitUntil<T>(
  what: string,
  look: () => T | undefined | false,
  subscribe: (listener: () => void) => () => void,
  timeoutMs: number,
  describe: () => string,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let stop = (): void => {};
    const timer = setTimeout(() => {
      stop();
      reject(new Error(`waited ${timeoutMs} ms in vain for ${what}; ${describe()}`));
    }, timeoutMs);
    const check = (): boolean => {
      try {
        const found = look();
        if (found === undefined || found === false) return false;
        resolve(found);
      } catch (error) {
        reject(error);
      }
      clearTimeout(timer);
      stop();
      return true;
    };
    if (!check()) stop = subscribe(() => void check());
  });
}
