/** A level that no file contains, because nobody writes a control character by hand. */
const FRESH = "\u0001";

/**
 * Topics that both filters match, so chosen that any third filter which matches one of them matches all topics of its kind: levels
 * that neither filter names are filled with a name that nobody uses, and where both end in `#` there is one topic for every
 * depth up to one beyond `deepestLevels`, where filters no longer differ.
 */
export function* possibleTopics(
  a: string,
  b: string,
  deepestLevels: number,
): IterableIterator<string> {
  // A wildcard in first place does not stand for a level that begins with "$". [MQTT-4.7.2-1]
  if (a.startsWith("$") !== b.startsWith("$") && (isWild(a[0]) || isWild(b[0]))) return;
  const left = a.split("/");
  const right = b.split("/");
  const topic: string[] = [];
  for (let i = 0;; i++) {
    const one = left[i];
    const other = right[i];
    if (one === "#" && other === "#") return yield* deepen(topic, deepestLevels);
    // "#" stands for no level as well.
    if (one === "#" || other === "#") {
      const rest = (one === "#" ? right : left).slice(i);
      const endsOpen = rest.at(-1) === "#";
      topic.push(...(endsOpen ? rest.slice(0, -1) : rest).map(fill));
      if (endsOpen) yield* deepen(topic, deepestLevels);
      else if (topic.length > 0) yield topic.join("/");
      return;
    }
    if (one === undefined || other === undefined) {
      // Both at their end; or the other goes on with "#" alone, which was seen above, or not at all.
      if (one === other) yield topic.join("/");
      return;
    }
    if (one !== "+" && other !== "+" && one !== other) return;
    topic.push(one === "+" ? fill(other) : one);
  }
}

function* deepen(topic: readonly string[], deepestLevels: number): IterableIterator<string> {
  if (topic.length > 0) yield topic.join("/");
  const levels = [...topic];
  do {
    levels.push(FRESH);
    yield levels.join("/");
  } while (levels.length <= deepestLevels);
}

function fill(level: string): string {
  return level === "+" ? FRESH : level;
}

function isWild(first: string | undefined): boolean {
  return first === "+" || first === "#";
}
