import { levelEnd } from "./levels.ts";

/**
 * Whether a Topic Name matches a Topic Filter. Both must be valid, the filter without `$share/{ShareName}/`. Characters are compared
 * without normalization, and case matters. [MQTT-4.7.3-4] For many filters at once use the trie.
 */
export function topicMatches(
  topicFilter: string,
  topicName: string,
  hashMatchesParent = true,
): boolean {
  // A wildcard in first place does not reach names that begin with "$". [MQTT-4.7.2-1]
  if (topicName.startsWith("$") && !topicFilter.startsWith("$")) return false;
  let nameAt = 0; // One beyond the end after the last level of the name.
  for (let filterAt = 0; filterAt <= topicFilter.length;) {
    if (topicFilter[filterAt] === "#") return nameAt <= topicName.length || hashMatchesParent;
    if (nameAt > topicName.length) return false;
    const filterEnd = levelEnd(topicFilter, filterAt);
    const nameEnd = levelEnd(topicName, nameAt);
    if (topicFilter[filterAt] !== "+") {
      const sizeIsSame = filterEnd - filterAt === nameEnd - nameAt;
      if (!sizeIsSame || !topicName.startsWith(topicFilter.slice(filterAt, filterEnd), nameAt)) {
        return false;
      }
    }
    filterAt = filterEnd + 1;
    nameAt = nameEnd + 1;
  }
  return nameAt > topicName.length;
}
