/**
 * Whether a pattern covers a Topic Filter that a client asks for, as the plugin of mosquitto has it: `+` covers one level, `+` itself
 * among them, but not `#`; `#` covers the rest, and by itself every filter, those that begin with `$` among them. Who subscribes to
 * more than it may read gets what it may read, so this decides no more than whether the subscription stands.
 */
export function filterCovers(pattern: string, topicFilter: string): boolean {
  if (pattern === "#") return true;
  const covering = pattern.split("/");
  const asked = topicFilter.split("/");
  const isOpen = covering.at(-1) === "#";
  const isAskedOpen = asked.at(-1) === "#";
  if (isOpen) covering.pop();
  if (isAskedOpen) {
    if (!isOpen) return false;
    asked.pop();
  }
  if (covering.length > asked.length || !isOpen && asked.length > covering.length) return false;
  return covering.every((level, at) => level === "+" || level === asked[at]);
}
