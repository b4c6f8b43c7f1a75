/**
 * The names that somebody may have meant: those within a third of the word's length in edits, or that begin or end with
 * the word, nearest first, at most three. Case does not count.
 */
export function nearest(word: string, names: Iterable<string>): readonly string[] {
  const meant = word.toLowerCase();
  // Past this length it is no name, and the distance would cost its square.
  if (meant === '' || meant.length > 64) return [];
  const reach = Math.max(1, Math.floor(meant.length / 3));
  return [...names]
    .map((name) => ({ name, distance: affinity(meant, name.toLowerCase(), reach) }))
    .filter(({ distance }) => distance <= reach)
    .sort((a, b) => a.distance - b.distance || a.name.localeCompare(b.name))
    .slice(0, 3)
    .map(({ name }) => name);
}

/** Words put together otherwise (`cert-expired`, `expired-cert`) and parts of a name count as near. */
function affinity(meant: string, name: string, reach: number): number {
  const distance = editDistance(meant, name);
  if (distance <= 1) return distance;
  const parts = new Set(name.split('-'));
  const asked = meant.split(/[-_ ]+/);
  if (meant.length > 2 && asked.every((part) => parts.has(part))) return Math.min(distance, 1);
  if (meant.length > 2 && (name.startsWith(meant) || name.endsWith(meant))) return Math.min(distance, reach);
  return distance;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other. */
export function editDistance(from: string, to: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current.push(
        Math.min(
          (previous[column] ?? 0) + 1,
          (current[column - 1] ?? 0) + 1,
          (previous[column - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (before[column - 2] ?? 0) + 1 : Infinity,
        ),
      );
    }
    [before, previous] = [previous, current];
  }
  return previous[to.length] ?? 0;
}

/** `a`, `a or b`, `a, b or c`. */
export function alternatives(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} or ${last}`;
}
