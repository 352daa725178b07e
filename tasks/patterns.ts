/**
 * All regular expressions in the rooms that see peers' bytes. `flux/listed-patterns` refuses any other there, and a test runs those that
 * strangers reach on 64 KB of their worst input: an expression that backtracks blocks the broker for everybody, because it has one thread.
 *
 * @module
 */

/** The source of the text that an expression is run on. */
export type PatternInput =
  /** From peers, of any length. */
  | "peers"
  /** From peers, with a limited length; the note names what limits it. */
  | "bounded"
  /** From the operator's files. */
  | "files";

/** An allowed regular expression. */
export interface ListedPattern {
  /** The folder below `lib/`. */
  readonly room: string;
  /** The expression in the file, with its flags. */
  readonly pattern: RegExp;
  /** The source of its text. */
  readonly input: PatternInput;
  /** Its purpose, or what limits its text. */
  readonly note: string;
  /** A prefix that a text needs to be a bad input; absent if none is needed. */
  readonly prefix?: string;
}

/** The rooms that are checked. */
export const PATTERN_ROOMS: ReadonlySet<string> = new Set([
  "auth",
  "broker",
  "bus",
  "codec",
  "http",
  "net",
  "observe",
  "session",
  "topic",
]);

/** All allowed expressions. Think before adding one: scanning by hand is seldom longer. */
export const LISTED_PATTERNS: readonly ListedPattern[] = [
  ...patterns("peers", [
    ["auth", /[+#/]/, "names that must not stand in a pattern's place"],
    ["auth", /=(?!2C|3D)/, "an escape of SCRAM that is none"],
    ["auth", /a=[^,]/, "SCRAM: the client wants to act for somebody"],
    [
      "auth",
      /^([ny],(?:a=[^,]*)?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)$/s,
      "SCRAM: the first message",
      "n,,n=a,r=b",
    ],
    [
      "auth",
      /^(c=([^,]+),r=([^,]+)(?:,[^,]+)*),p=([^,]+)$/s,
      "SCRAM: the last message",
      "c=biws,r=a",
    ],
    ["auth", /\s/, "SCRAM: white space in base64"],
    ["auth", /[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/g, "SASLprep: blanks"],
    [
      "auth",
      /[\u00AD\u034F\u1806\u180B-\u180D\u200B-\u200D\u2060\uFE00-\uFE0F\uFEFF]/g,
      "SASLprep: what stands for nothing",
    ],
    [
      "auth",
      /[\p{Cc}\p{Co}\p{Cn}\p{Cs}\u2028\u2029\u200E\u200F\u202A-\u202E\uFFF9-\uFFFD]/u,
      "SASLprep: what is not allowed",
    ],
    ["bus", /["\\]/g, "quotes in a line of the log"],
    ["bus", /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "what could forge a line of the log"],
    ["http", /^\d{1,15}$/, "a number in a query"],
    ["http", /^application\/json\b/i, "the header Content-Type"],
    ["http", /^Bearer\s+(\S+)$/i, "the header Authorization", "Bearer a"],
    // deno-lint-ignore no-control-regex -- as in the page
    ["http", /[\u0000-\u0008\u000e-\u001f]/, "the page: what makes a payload no text"],
    ["http", /^\s*[[{]/, "the page: the front of JSON"],
    ["http", /^#\/?/, "the page: its own address"],
    ["net", /^([A-Z]+) \S+ HTTP\/(\d\.\d)$/, "the first line of a request", "GET "],
    ["net", /^[!#$%&'*+.^_`|~0-9a-z-]+$/, "the name of a header"],
    ["net", /^[A-Za-z0-9+/]{22}==$/, "Sec-WebSocket-Key"],
    ["net", /^\d/, "an attribute of a certificate that has no name"],
    ["net", /^[ #]/, "the front of a certificate's name"],
    ["net", / $/, "the end of a certificate's name"],
    ["observe", /application\/openmetrics-text/i, "the header Accept of a scraper"],
    ["observe", /^[\x20-\x7e]*$/, "texts in the log that need no escape"],
    ["observe", /^[!#-<>-[\]-~]+$/, "values in the log that stand as they are"],
    ["observe", /^[^\s"=\\]+$/, "values in the log that need no quotes"],
    ["observe", /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, "what could forge a line of the log"],
    ["topic", /[+#]/, "wildcards in a Share Name"],
  ]),
  ...patterns("bounded", [
    ["http", /\s+/g, "the page: the first 200 characters of a payload"],
    ["http", /\{(\w+)\}/g, "the paths of the API, which are our own"],
    ["http", /[/.]/, "the paths of the API, which are our own"],
    ["http", /[{}]/g, "the paths of the API, which are our own"],
    ["net", /..(?=.)/g, "the 64 digits of a fingerprint"],
    ["net", /(?:^|:)0(?::0)+(?=:|$)/g, "the 8 groups of an IPv6 address"],
    ["net", /^:/, "the 8 groups of an IPv6 address"],
    ["net", /^(0|[1-9]\d{0,2})$/, "the 107 bytes of a PROXY line"],
    ["net", /^[0-9a-f:.]+$/i, "the 107 bytes of a PROXY line"],
    ["net", /^(0|[1-9]\d{0,4})$/, "the 107 bytes of a PROXY line"],
  ]),
  ...patterns("files", [
    ["auth", /^\ufeff/, "ACL and password files"],
    ["auth", /\r?\n/, "ACL and password files"],
    ["auth", /.%[cu]|%[cu]./, "patterns of ACL files"],
    ["auth", /^(\S*)\s*(.*)$/su, "lines of ACL files"],
    ["auth", /^[1-9]\d{0,8}$/, "iterations in a password file"],
    [
      "auth",
      /^\$argon2id\$v=19\$m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,8})\$([A-Za-z\d+/]+)\$([A-Za-z\d+/]+)$/,
      "Argon2 in password files",
    ],
    ["auth", /^SCRAM-SHA-256\$([1-9]\d{0,8}):([^$:]+)\$([^$:]+):([^$:]+)$/, "SCRAM files"],
    ["http", /\r?\n/, "the file of tokens"],
    ["http", /\s+/, "lines of the file of tokens"],
    ["http", /[^A-Za-z0-9]/g, "the name of a listener"],
    ["net", /^(::ffff:)?127(\.\d{1,3}){3}$/i, "the host name of a listener"],
    ["net", /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m, "keys"],
    ["net", /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g, "certificates"],
    ["net", /-----BEGIN X509 CRL-----([^-]+)-----END X509 CRL-----/g, "revocation lists"],
    ["net", /\s/g, "base64 in revocation lists"],
    ["net", /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/, "dates of revocation lists"],
    ["observe", /%(.)/g, "log_timestamp_format"],
  ]),
];

type Row = readonly [room: string, pattern: RegExp, note: string, prefix?: string];

function patterns(input: PatternInput, rows: readonly Row[]): ListedPattern[] {
  return rows.map(([room, pattern, note, prefix]) => ({
    room,
    pattern,
    input,
    note,
    ...prefix === undefined ? {} : { prefix },
  }));
}
