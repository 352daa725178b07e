// @ts-check

/**
 * What the views have in common.
 * @typedef {object} App
 * @property {import("./live.js").Live} live numbers as they come
 * @property {import("./mqtt.js").Mqtt} mqtt messages as they come
 * @property {Session} session who looks
 * @property {(hash: string) => void} go to another view
 */

/**
 * Who looks.
 * @typedef {object} Session
 * @property {"viewer" | "admin" | null} role
 * @property {string | null} userName
 * @property {string | null} by
 * @property {boolean} hasUsers
 * @property {boolean} hasCluster
 * @property {string} version
 */

/**
 * A view that is shown: what it is made of, and what ends it.
 * @typedef {object} View
 * @property {string} title
 * @property {Node[]} content
 * @property {() => void} [end]
 */

/**
 * Makes a view; `rest` is what stands behind its name in the address.
 * @typedef {(app: App, rest: string, query: URLSearchParams) => View} MakeView
 */

/** Why a control is there and cannot be used. */
export const VIEWER_HINT = "A viewer may look, but change nothing";

/**
 * Whether this one may change something.
 * @param {App} app
 */
export function mayChange(app) {
  return app.session.role === "admin";
}

/**
 * Where one client is shown.
 * @param {string} clientId
 */
export function clientHash(clientId) {
  return `#/clients/${encodeURIComponent(clientId)}`;
}

/**
 * Where it is shown what happens to one client or topic.
 * @param {{ client: string } | { topic: string }} subject
 */
export function traceHash(subject) {
  return `#/trace?${new URLSearchParams(subject)}`;
}

/**
 * Calls `work` now and every so often, one call after the other, until it is ended; not while the page is hidden.
 * @param {() => Promise<void>} work
 * @param {number} everyMs
 */
export function repeat(work, everyMs) {
  let isEnded = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const run = async () => {
    if (!document.hidden) await work();
    if (!isEnded) timer = setTimeout(run, everyMs);
  };
  run();
  return () => {
    isEnded = true;
    clearTimeout(timer);
  };
}
