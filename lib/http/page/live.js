// @ts-check
/// <reference lib="dom" />

/** @typedef {Record<string, number>} Gauges */
/** @typedef {{ level: "warning" | "error", text: string, clientId?: string }} Warning */
/** @typedef {{ state: "connecting" | "live" | "lost", atMs: number }} LiveState */

/** Without an event for so long, what is shown is old, milliseconds. */
const STALE_MS = 3500;
/** How long to wait before the stream is opened again, milliseconds. */
const RETRY_MS = 2000;

/** The numbers of the broker as they come, once a second. Opens its stream again by itself, and tells when what it has is old. */
export class Live {
  /** @type {Gauges | undefined} */
  gauges;
  /** @type {Warning[] | undefined} */
  warnings;
  /** @type {LiveState} */
  state = { state: "connecting", atMs: 0 };
  /** @type {Set<(live: Live) => void>} */
  #watchers = new Set();
  /** @type {EventSource | undefined} */
  #source;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retry;

  /** Begins. */
  start() {
    this.stop();
    this.#open();
    this.#timer = setInterval(() => this.#look(), 1000);
  }

  /** Ends. */
  stop() {
    clearInterval(this.#timer);
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
  }

  /**
   * Calls `tell` with every change; the function returned ends it.
   * @param {(live: Live) => void} tell
   */
  watch(tell) {
    this.#watchers.add(tell);
    tell(this);
    return () => void this.#watchers.delete(tell);
  }

  #open() {
    const source = new EventSource("/api/v1/events");
    this.#source = source;
    source.addEventListener("gauges", ({ data }) => {
      this.gauges = JSON.parse(data);
      this.state = { state: "live", atMs: Date.now() };
      this.#tell();
    });
    source.addEventListener("warnings", ({ data }) => {
      this.warnings = JSON.parse(data);
      this.#tell();
    });
    source.addEventListener("error", () => {
      // The browser tries again by itself, but not after every kind of error.
      source.close();
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#open(), RETRY_MS);
    });
  }

  #look() {
    const { state, atMs } = this.state;
    if (Date.now() - atMs < STALE_MS || state === "lost") return;
    this.state = { state: "lost", atMs };
    this.#tell();
  }

  #tell() {
    for (const tell of this.#watchers) tell(this);
  }
}
