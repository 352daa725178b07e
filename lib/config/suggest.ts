/** `; did you mean max_qos?`, or `""` if no candidate is similar. `show` turns a candidate into the form that the user writes. */
export function didYouMean(
  word: string,
  candidates: Iterable<string>,
  show: (candidate: string) => string = (candidate) => candidate,
): string {
  const found = nearest(word, candidates);
  return found === undefined ? "" : `; did you mean ${show(found)}?`;
}

/** The candidate that is most similar to `word`, if it is similar enough to be what was meant. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** How many letters to insert, delete, replace or swap with their neighbour to turn `a` into `b`. */
function editDistance(a: string, b: string): number {
  const table = [Array.from({ length: b.length + 1 }, (_, column) => column)];
  for (let i = 1; i <= a.length; i++) {
    const above = table[i - 1]!;
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let distance = Math.min(replaced, above[j]! + 1, row[j - 1]! + 1);
      if (a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] && i > 1 && j > 1) {
        distance = Math.min(distance, table[i - 2]![j - 2]! + 1);
      }
      row.push(distance);
    }
    table.push(row);
  }
  return table[a.length]![b.length]!;
}
