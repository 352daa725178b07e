const SLASH = 0x2f;
const PLUS = 0x2b;
const HASH = 0x23;
const SHARE_PREFIX = "$share/";
/** The largest length that the two length bytes of a string can hold. */
const MAX_SIZE_BYTES = 65_535;

/** A Topic Filter as a SUBSCRIBE or UNSUBSCRIBE packet names it, taken apart. */
export interface ParsedTopicFilter {
  /** Who shares the subscription; `undefined` for an ordinary one. */
  readonly shareName: string | undefined;
  /** The filter that Topic Names are matched against: without `$share/{ShareName}/`. */
  readonly topicFilter: string;
}

/**
 * Whether a message may be published to `name`: no wildcard in it [MQTT-4.7.0-1], at most `maxLevels` levels, and what
 * holds for names and filters alike: at least one character [MQTT-4.7.3-1], no U+0000 [MQTT-4.7.3-2], at most 65,535 bytes
 * of UTF-8 [MQTT-4.7.3-3], no lone surrogate [MQTT-1.5.4-1].
 */
export function isTopicName(name: string, maxLevels = Infinity): boolean {
  let levels = 1;
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code === SLASH) levels++;
    else if (code === PLUS || code === HASH) return false;
  }
  return levels <= maxLevels && isTopicString(name);
}

/**
 * Whether `filter` may be subscribed to, an ordinary or a shared one.
 * The levels of `$share/{ShareName}/` do not count toward `maxLevels`.
 */
export function isTopicFilter(filter: string, maxLevels = Infinity): boolean {
  return parseTopicFilter(filter, maxLevels) !== undefined;
}

/**
 * Takes a Topic Filter apart; `undefined` if it is not one. What begins with `$share/` is a shared one or none at all:
 * it does not become an ordinary filter by being malformed. `$share` alone and `$shared/x` are ordinary.
 */
export function parseTopicFilter(
  filter: string,
  maxLevels = Infinity,
): ParsedTopicFilter | undefined {
  if (filter.startsWith(SHARE_PREFIX)) return parseSharedFilter(filter, maxLevels);
  if (!isTopicString(filter) || !hasGoodLevels(filter, maxLevels)) return undefined;
  return { shareName: undefined, topicFilter: filter };
}

/** The parts of what begins with `$share/`; `undefined` where it is malformed. */
function parseSharedFilter(filter: string, maxLevels: number): ParsedTopicFilter | undefined {
  if (!isTopicString(filter)) return undefined;
  const slash = filter.indexOf("/", SHARE_PREFIX.length);
  if (slash === -1) return undefined; // a filter has to follow [MQTT-4.8.2-2]
  const shareName = filter.slice(SHARE_PREFIX.length, slash);
  if (shareName === "") return undefined; // [MQTT-4.8.2-1]
  if (/[+#]/.test(shareName)) return undefined; // [MQTT-4.8.2-2]
  const topicFilter = filter.slice(slash + 1);
  // What follows is the filter of an ordinary subscription: not empty, and not shared once more.
  if (topicFilter === "" || topicFilter.startsWith(SHARE_PREFIX)) return undefined;
  return hasGoodLevels(topicFilter, maxLevels) ? { shareName, topicFilter } : undefined;
}

/** Whether the wildcards of an ordinary filter are at valid places, and it does not have too many levels. */
function hasGoodLevels(filter: string, maxLevels: number): boolean {
  let levels = 1;
  let levelStart = 0;
  const last = filter.length - 1;
  for (let i = 0; i <= last; i++) {
    const code = filter.charCodeAt(i);
    if (code === SLASH) {
      levels++;
      levelStart = i + 1;
    } else if (code === HASH) {
      // Alone in its level, and that is the last. [MQTT-4.7.1-1]
      if (i !== levelStart || i !== last) return false;
    } else if (code === PLUS) {
      // Alone in its level. [MQTT-4.7.1-2]
      if (i !== levelStart || (i !== last && filter.charCodeAt(i + 1) !== SLASH)) return false;
    }
  }
  return levels <= maxLevels;
}

/**
 * Checks the rules that names and filters share. Strings from packets are checked for most of them already; strings of a program
 * are not.
 */
function isTopicString(topic: string): boolean {
  return topic !== "" && !topic.includes("\0") && topic.isWellFormed() &&
    (topic.length <= MAX_SIZE_BYTES / 3 || utf8SizeBytes(topic) <= MAX_SIZE_BYTES);
}

/** Bytes of a well-formed string in UTF-8. */
function utf8SizeBytes(text: string): number {
  let sizeBytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    // Each half of a surrogate pair stands for two of its four bytes.
    sizeBytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
  }
  return sizeBytes;
}
