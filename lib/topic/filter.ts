const SLASH = 0x2f;
const PLUS = 0x2b;
const HASH = 0x23;
const SHARE_PREFIX = "$share/";
/** The largest length that the two length bytes of a string can hold. */
const MAX_SIZE_BYTES = 65_535;

/** The parts of a Topic Filter from a SUBSCRIBE or UNSUBSCRIBE packet. */
export interface ParsedTopicFilter {
  /** The ShareName; `undefined` for an ordinary subscription. */
  readonly shareName: string | undefined;
  /** The filter that Topic Names are matched against: without `$share/{ShareName}/`. */
  readonly topicFilter: string;
}

/**
 * Whether a message may be published to `name`. It has no wildcard [MQTT-4.7.0-1] and at most `maxLevels` levels. The rules for names and
 * filters apply too: at least one character [MQTT-4.7.3-1], no U+0000 [MQTT-4.7.3-2], at most 65,535 bytes of UTF-8 [MQTT-4.7.3-3], no lone
 * surrogate [MQTT-1.5.4-1].
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

/** Whether `filter` is a valid Topic Filter, ordinary or shared. The levels of `$share/{ShareName}/` do not count toward `maxLevels`. */
export function isTopicFilter(filter: string, maxLevels = Infinity): boolean {
  return parseTopicFilter(filter, maxLevels) !== undefined;
}

/** Whether `filter` begins with `$share/`: it is a shared one, or invalid. */
export function isSharedFilter(filter: string): boolean {
  return filter.startsWith(SHARE_PREFIX);
}

/**
 * Parses a Topic Filter; `undefined` if it is invalid. A filter that begins with `$share/` is a valid shared one or invalid: a malformed
 * one does not become an ordinary filter. `$share` alone and `$shared/x` are ordinary.
 */
export function parseTopicFilter(
  filter: string,
  maxLevels = Infinity,
): ParsedTopicFilter | undefined {
  if (isSharedFilter(filter)) return parseSharedFilter(filter, maxLevels);
  if (!isTopicString(filter) || !hasGoodLevels(filter, maxLevels)) return undefined;
  return { shareName: undefined, topicFilter: filter };
}

/** Parses a filter that begins with `$share/`; `undefined` if it is malformed. */
function parseSharedFilter(filter: string, maxLevels: number): ParsedTopicFilter | undefined {
  if (!isTopicString(filter)) return undefined;
  const slash = filter.indexOf("/", SHARE_PREFIX.length);
  if (slash === -1) return undefined; // a filter has to follow [MQTT-4.8.2-2]
  const shareName = filter.slice(SHARE_PREFIX.length, slash);
  if (shareName === "") return undefined; // [MQTT-4.8.2-1]
  if (/[+#]/.test(shareName)) return undefined; // [MQTT-4.8.2-2]
  const topicFilter = filter.slice(slash + 1);
  // The rest has to be an ordinary filter: not empty, and not shared once more.
  if (topicFilter === "" || isSharedFilter(topicFilter)) return undefined;
  return hasGoodLevels(topicFilter, maxLevels) ? { shareName, topicFilter } : undefined;
}

/** Whether an ordinary filter has its wildcards at valid places and not too many levels. */
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
      // `#` must be alone in the last level. [MQTT-4.7.1-1]
      if (i !== levelStart || i !== last) return false;
    } else if (code === PLUS) {
      // `+` must be alone in its level. [MQTT-4.7.1-2]
      if (i !== levelStart || (i !== last && filter.charCodeAt(i + 1) !== SLASH)) return false;
    }
  }
  return levels <= maxLevels;
}

/**
 * Checks the rules that names and filters share. The codec has checked most of them for strings from packets, but not for strings of a
 * program.
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
    // Each half of a surrogate pair counts for two of its four bytes.
    sizeBytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
  }
  return sizeBytes;
}
