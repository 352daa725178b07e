// @ts-check

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const UNITS = ["B", "KB", "MB", "GB", "TB"];

/**
 * `12,345`; small rates have one digit behind the point.
 * @param {number} value
 */
export function count(value) {
  if (value !== 0 && Math.abs(value) < 10 && !Number.isInteger(value)) return value.toFixed(1);
  return NUMBER.format(value);
}

/**
 * A number and its unit: `["1.4", "MB"]`.
 * @param {number} value
 * @returns {[string, string]}
 */
export function bytesParts(value) {
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const text = unit === 0 || value >= 100 ? NUMBER.format(value) : value.toFixed(1);
  return [text, UNITS[unit] ?? "B"];
}

/**
 * `1.4 MB`.
 * @param {number} value
 */
export function bytes(value) {
  return bytesParts(value).join(" ");
}

/**
 * `3 d 4 h`, `12 min`, `45 s`, `0.8 ms`.
 * @param {number} seconds
 */
export function duration(seconds) {
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 1 : 0)} ms`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/**
 * `14:05:09`.
 * @param {number} atMs
 */
export function time(atMs) {
  return new Date(atMs).toTimeString().slice(0, 8);
}

/**
 * `14:05:09.123`.
 * @param {number} atMs
 */
export function preciseTime(atMs) {
  return `${time(atMs)}.${String(Math.floor(atMs) % 1000).padStart(3, "0")}`;
}

/**
 * `2026-11-26 14:05:09`.
 * @param {number} atMs
 */
export function dateTime(atMs) {
  const date = new Date(atMs);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${time(atMs)}`;
}

/**
 * `4 s ago`, `now`.
 * @param {number} atMs
 */
export function ago(atMs) {
  const seconds = (Date.now() - atMs) / 1000;
  return seconds < 1 ? "now" : `${duration(seconds)} ago`;
}

/** @type {Readonly<Record<number, string>>} */
const VERSIONS = { 3: "3.1", 4: "3.1.1", 5: "5.0" };

/**
 * The name of a protocol version.
 * @param {number} version
 */
export function version(version) {
  return version === 0 ? "–" : VERSIONS[version] ?? String(version);
}
