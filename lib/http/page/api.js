// @ts-check
/// <reference lib="dom" />

/** What the API says is wrong, in a sentence for people. */
export class ApiError extends Error {
  /**
   * @param {number} status of HTTP; 0: the broker did not answer
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @type {Set<() => void>} */
const onLoggedOut = new Set();

/**
 * Calls `tell` when the session has ended.
 * @param {() => void} tell
 */
export function whenLoggedOut(tell) {
  onLoggedOut.add(tell);
}

/**
 * Asks the API. Throws an {@linkcode ApiError}.
 * @param {string} path below `/api/v1`
 * @param {{ method?: string, body?: unknown, query?: Record<string, string | number | undefined>, signal?: AbortSignal }} [init]
 * @returns {Promise<any>}
 */
export async function api(path, init = {}) {
  const { method = "GET", body, query = {}, signal } = init;
  const url = new URL(`/api/v1${path}`, location.href);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") url.searchParams.set(name, String(value));
  }
  /** @type {Response} */
  let response;
  try {
    response = await fetch(url, {
      method,
      credentials: "same-origin",
      headers: {
        "x-flux-mqtt": "page",
        ...body === undefined ? {} : { "content-type": "application/json" },
      },
      ...body === undefined ? {} : { body: JSON.stringify(body) },
      ...signal === undefined ? {} : { signal },
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "The broker does not answer");
  }
  if (response.status === 204) return undefined;
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  if (response.status === 401 && path !== "/session") { for (const tell of onLoggedOut) tell(); }
  throw new ApiError(response.status, answer.detail ?? `The broker answers ${response.status}`);
}

/**
 * What went wrong, in words.
 * @param {unknown} error
 */
export function wordsOf(error) {
  return error instanceof Error ? error.message : String(error);
}
