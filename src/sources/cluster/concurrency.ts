/** Lets a bounded number of works run at once; the others wait in order. */
export interface Slots {
  /** Resolves with the function that gives the slot back; rejects with the signal's reason when it aborts first. */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createSlots(limit: number): Slots {
  let free = limit;
  const waiting: (() => void)[] = [];
  const giveBack = () => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };
  const slot = () => {
    let held = true;
    return () => {
      if (held) giveBack();
      held = false;
    };
  };
  return {
    take: (signal) => {
      if (signal.aborted) return Promise.reject(signal.reason);
      if (free > 0) {
        free -= 1;
        return Promise.resolve(slot());
      }
      const { promise, resolve, reject } = Promise.withResolvers<() => void>();
      const go = () => {
        signal.removeEventListener('abort', leave);
        resolve(slot());
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(go), 1);
        reject(signal.reason);
      };
      waiting.push(go);
      signal.addEventListener('abort', leave, { once: true });
      return promise;
    },
  };
}
