type At = Temporal.ZonedDateTime;

const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const MONTHS = [
  ...["January", "February", "March", "April", "May", "June"],
  ...["July", "August", "September", "October", "November", "December"],
];

/**
 * Parts of a time by the letters of strftime(3), as they are in the locale "C". `N` is none of them: mosquitto_sub has it for
 * nanoseconds. `E` and `O`, which change the letter behind them, are missing: they do nothing in this locale.
 */
export const TIME_LETTERS: Readonly<Record<string, (at: At) => string>> = {
  "%": () => "%",
  a: ({ dayOfWeek }) => DAYS[dayOfWeek - 1]!.slice(0, 3),
  A: ({ dayOfWeek }) => DAYS[dayOfWeek - 1]!,
  b: ({ month }) => MONTHS[month - 1]!.slice(0, 3),
  B: ({ month }) => MONTHS[month - 1]!,
  c: (at) => join(at, "a b e T Y"),
  C: ({ year }) => two(Math.floor(year / 100)),
  d: ({ day }) => two(day),
  D: (at) => join(at, "m d y", "/"),
  e: ({ day }) => String(day).padStart(2),
  F: ({ year, month, day }) => `${year}-${two(month)}-${two(day)}`,
  g: (at) => two((at.yearOfWeek ?? at.year) % 100),
  G: (at) => String(at.yearOfWeek ?? at.year),
  h: ({ month }) => MONTHS[month - 1]!.slice(0, 3),
  H: ({ hour }) => two(hour),
  I: (at) => two(twelve(at)),
  j: ({ dayOfYear }) => String(dayOfYear).padStart(3, "0"),
  k: ({ hour }) => String(hour).padStart(2),
  l: (at) => String(twelve(at)).padStart(2),
  m: ({ month }) => two(month),
  M: ({ minute }) => two(minute),
  n: () => "\n",
  N: ({ millisecond, microsecond, nanosecond }) =>
    [millisecond, microsecond, nanosecond].map((part) => String(part).padStart(3, "0")).join(""),
  p: ({ hour }) => hour < 12 ? "AM" : "PM",
  P: ({ hour }) => hour < 12 ? "am" : "pm",
  r: (at) => `${join(at, "I M S", ":")} ${at.hour < 12 ? "AM" : "PM"}`,
  R: (at) => join(at, "H M", ":"),
  s: ({ epochMilliseconds }) => String(Math.floor(epochMilliseconds / 1000)),
  S: ({ second }) => two(second),
  t: () => "\t",
  T: (at) => join(at, "H M S", ":"),
  u: ({ dayOfWeek }) => String(dayOfWeek),
  // Weeks that begin on Sunday, and on Monday; days before the first are in week 0.
  U: ({ dayOfYear, dayOfWeek }) => two(Math.floor((dayOfYear + 6 - dayOfWeek % 7) / 7)),
  V: (at) => two(at.weekOfYear ?? 0),
  w: ({ dayOfWeek }) => String(dayOfWeek % 7),
  W: ({ dayOfYear, dayOfWeek }) => two(Math.floor((dayOfYear + 7 - dayOfWeek) / 7)),
  x: (at) => join(at, "m d y", "/"),
  X: (at) => join(at, "H M S", ":"),
  y: ({ year }) => two(year % 100),
  Y: ({ year }) => String(year),
  z: ({ offset }) => offset.replace(":", ""),
  Z: zoneName,
};

/** The zone's short name where the system has one (`CET`), else as it differs from UTC (`GMT+1`). */
function zoneName(at: At): string {
  const { timeZoneId: timeZone, epochMilliseconds } = at;
  const parts = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "short" })
    .formatToParts(epochMilliseconds);
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}

function join(at: At, letters: string, between = " "): string {
  return letters.split(" ").map((letter) => TIME_LETTERS[letter]!(at)).join(between);
}

function twelve({ hour }: At): number {
  return (hour + 11) % 12 + 1;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
