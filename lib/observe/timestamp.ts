/**
 * The time of a log line. With `""` as the format it is ISO 8601 in UTC with milliseconds; otherwise local time by strftime's directives,
 * as in mosquitto: `%Y %m %d %H %M %S %y %e %j %a %b %F %T %D %R %z %s %%`. Other directives are copied unchanged.
 */
export function formatTimestamp(format: string, date: Date): string {
  if (format === "") return date.toISOString();
  return format.replace(/%(.)/g, (whole, directive: string) => expand(directive, date) ?? whole);
}

function expand(directive: string, date: Date): string | undefined {
  switch (directive) {
    case "Y":
      return String(date.getFullYear());
    case "y":
      return two(date.getFullYear() % 100);
    case "m":
      return two(date.getMonth() + 1);
    case "d":
      return two(date.getDate());
    case "e":
      return String(date.getDate()).padStart(2);
    case "j":
      return String(dayOfYear(date)).padStart(3, "0");
    case "H":
      return two(date.getHours());
    case "M":
      return two(date.getMinutes());
    case "S":
      return two(date.getSeconds());
    case "a":
      return WEEKDAYS[date.getDay()];
    case "b":
      return MONTHS[date.getMonth()];
    case "F":
      return formatTimestamp("%Y-%m-%d", date);
    case "T":
      return formatTimestamp("%H:%M:%S", date);
    case "D":
      return formatTimestamp("%m/%d/%y", date);
    case "R":
      return formatTimestamp("%H:%M", date);
    case "z":
      return offset(date);
    case "s":
      return String(Math.floor(date.getTime() / 1000));
    case "%":
      return "%";
  }
  return undefined;
}

const WEEKDAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");

function two(number: number): string {
  return String(number).padStart(2, "0");
}

function dayOfYear(date: Date): number {
  const today = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return (today - Date.UTC(date.getFullYear(), 0, 0)) / 86_400_000;
}

function offset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const sign = minutes < 0 ? "-" : "+";
  return sign + two(Math.floor(Math.abs(minutes) / 60)) + two(Math.abs(minutes) % 60);
}
