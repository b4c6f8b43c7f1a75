/** A time limit on waiting for somebody else: it runs from the start, and can be held while nobody waits. */
export interface TimeLimit {
  hold(): void;
  goOn(): void;
}

export function timeLimit(ms: number, reached: () => void): TimeLimit {
  let timer: NodeJS.Timeout | undefined = setTimeout(reached, ms);
  const hold = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    hold,
    goOn: () => {
      hold();
      timer = setTimeout(reached, ms);
    },
  };
}
