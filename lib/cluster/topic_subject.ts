/**
 * Topics as subjects of NATS. A level becomes a token: letters, digits, `-` and `_` stay, every other byte is `%` and two hexadecimal
 * digits, and an empty level is `%`. So every Topic Name has one subject, and no two have the same.
 *
 * @module
 */

/** The longest subject: a line of the protocol may have 4096 bytes, with what else stands in it. */
const MAX_SUBJECT_LENGTH = 1024;
/** Where messages go whose subject would be longer. */
const LONG = "l";
const SHORT = "t";
const encoder = new TextEncoder();

/** The subject of a topic's messages, below `prefix`. */
export function subjectOfTopic(prefix: string, topicName: string): string {
  const subject = `${prefix}.${SHORT}.${topicName.split("/").map(tokenOf).join(".")}`;
  return subject.length > MAX_SUBJECT_LENGTH ? `${prefix}.${LONG}` : subject;
}

/**
 * The subjects to which a Topic Filter's messages come, and perhaps more messages: where the filter is too long for a subject, those of
 * all topics with the same first levels. Messages with a long subject come to `longSubject`.
 */
export function subjectsOfFilter(prefix: string, topicFilter: string): readonly string[] {
  const tokens: string[] = [];
  let length = prefix.length;
  for (const level of topicFilter.split("/")) {
    // `a/#` is also for `a`. [MQTT-4.7.1-2]
    if (level === "#") {
      return [...tokens.length === 0 ? [] : [join(prefix, tokens)], join(prefix, [...tokens, ">"])];
    }
    const token = level === "+" ? "*" : tokenOf(level);
    length += token.length + 1;
    if (length > MAX_SUBJECT_LENGTH - 8) return [join(prefix, [...tokens, ">"])];
    tokens.push(token);
  }
  return [join(prefix, tokens)];
}

/** The subject of all messages whose own would be too long. */
export function longSubject(prefix: string): string {
  return `${prefix}.${LONG}`;
}

/** The subject that has the messages of all topics, but the long ones. */
export function everySubject(prefix: string): string {
  return `${prefix}.${SHORT}.>`;
}

function join(prefix: string, tokens: readonly string[]): string {
  return `${prefix}.${SHORT}.${tokens.join(".")}`;
}

function tokenOf(level: string): string {
  if (level === "") return "%";
  for (let i = 0; i < level.length; i++) {
    if (!isPlain(level.charCodeAt(i))) return encodedToken(level);
  }
  return level;
}

function encodedToken(level: string): string {
  let token = "";
  for (const byte of encoder.encode(level)) {
    token += isPlain(byte)
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return token;
}

function isPlain(code: number): boolean {
  return code >= 97 && code <= 122 || code >= 65 && code <= 90 || code >= 48 && code <= 57 ||
    code === 45 || code === 95;
}
