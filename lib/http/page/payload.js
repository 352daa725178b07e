// @ts-check
/// <reference lib="dom" />
import { h } from "./dom.js";

/** Bytes of a payload that are shown. */
const MAX_SHOWN = 64 * 1024;
/** Children of a JSON value that are shown. */
const MAX_CHILDREN = 500;

/**
 * The text of a payload; `undefined`: it is no UTF-8, or has control characters.
 * @param {Uint8Array} payload
 */
export function textOf(payload) {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
    // deno-lint-ignore no-control-regex -- these are what makes a payload no text
    return /[\u0000-\u0008\u000e-\u001f]/.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

/**
 * One line of it.
 * @param {Uint8Array} payload
 */
export function previewOf(payload) {
  if (payload.length === 0) return "(empty)";
  const start = payload.subarray(0, 200);
  const text = textOf(start) ?? (payload.length > 200 ? textOf(payload) : undefined);
  return text === undefined
    ? hexOf(start.subarray(0, 24))
    : text.slice(0, 200).replace(/\s+/g, " ");
}

/**
 * JSON as it is meant; `undefined`: it is none, or only a bare text or number.
 * @param {Uint8Array} payload
 * @returns {object | undefined}
 */
export function jsonOf(payload) {
  const text = textOf(payload);
  if (text === undefined || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Numbers in a payload by the path of their field; `""` is the payload itself.
 * @param {Uint8Array} payload
 * @returns {Map<string, number>}
 */
export function numbersOf(payload) {
  const text = textOf(payload.subarray(0, MAX_SHOWN))?.trim() ?? "";
  const json = jsonOf(payload);
  /** @type {Map<string, number>} */
  const found = new Map();
  if (json === undefined) {
    const value = Number(text);
    if (text !== "" && Number.isFinite(value)) found.set("", value);
    return found;
  }
  gather(json, "", found);
  return found;
}

/**
 * Shows a payload: JSON to unfold, text, or bytes.
 * @param {Uint8Array} payload
 */
export function showPayload(payload) {
  if (payload.length === 0) return h("p", { class: "soft" }, "The payload is empty");
  const isCut = payload.length > MAX_SHOWN;
  const shown = isCut ? payload.subarray(0, MAX_SHOWN) : payload;
  const json = isCut ? undefined : jsonOf(payload);
  const text = textOf(shown);
  const views = [
    ...json === undefined ? [] : [/** @type {const} */ (["JSON", () => showJson(json)])],
    ...text === undefined
      ? []
      : [/** @type {const} */ (["Text", () => document.createTextNode(text)])],
    /** @type {const} */ (["Hex", () => document.createTextNode(dumpOf(shown))]),
  ];
  const body = h("pre", { class: "payload", tabindex: 0 });
  const bar = h("div", { class: "bar", role: "group", "aria-label": "Show the payload as" });
  const select = (/** @type {number} */ index) => {
    body.replaceChildren(views[index]?.[1]() ?? "");
    for (const [at, button] of [...bar.querySelectorAll("button")].entries()) {
      button.setAttribute("aria-pressed", String(at === index));
    }
  };
  for (const [index, [name]] of views.entries()) {
    bar.append(h("button", { type: "button", onclick: () => select(index) }, name));
  }
  bar.append(
    h(
      "span",
      { class: "soft num" },
      `${payload.length.toLocaleString("en")} bytes${isCut ? ", the first 65,536 are shown" : ""}`,
    ),
  );
  select(0);
  return h("div", { class: "stack" }, bar, body);
}

/**
 * @param {Uint8Array} bytes
 */
function hexOf(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
}

/** @param {Uint8Array} bytes */
function dumpOf(bytes) {
  const lines = [];
  for (let at = 0; at < bytes.length; at += 16) {
    const part = bytes.subarray(at, at + 16);
    const text = [...part].map((byte) =>
      byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "."
    );
    lines.push(`${at.toString(16).padStart(6, "0")}  ${hexOf(part).padEnd(48)} ${text.join("")}`);
  }
  return lines.join("\n");
}

/**
 * @param {unknown} value
 * @param {string} [key]
 * @param {boolean} [isOpen]
 * @returns {HTMLElement}
 */
function showJson(value, key = "", isOpen = true) {
  const name = key === "" ? "" : `${key}: `;
  if (typeof value !== "object" || value === null) {
    return h("div", {}, name, JSON.stringify(value));
  }
  const entries = Object.entries(value);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  if (entries.length === 0) return h("div", {}, name, open + close);
  const inner = h("div");
  const details = h(
    "details",
    { open: isOpen },
    h("summary", {}, `${name}${open} ${entries.length} ${close}`),
    inner,
  );
  const fill = () => {
    if (inner.childNodes.length > 0) return;
    for (const [childKey, child] of entries.slice(0, MAX_CHILDREN)) {
      inner.append(showJson(child, childKey, false));
    }
    if (entries.length > MAX_CHILDREN) {
      inner.append(h("div", { class: "soft" }, `… ${entries.length - MAX_CHILDREN} more`));
    }
  };
  details.addEventListener("toggle", fill);
  if (isOpen) fill();
  return h("div", { class: "json" }, details);
}

/**
 * @param {object} value
 * @param {string} path
 * @param {Map<string, number>} found
 */
function gather(value, path, found) {
  for (const [key, child] of Object.entries(value)) {
    if (found.size >= 50) return;
    const childPath = path === "" ? key : `${path}.${key}`;
    if (typeof child === "number") found.set(childPath, child);
    else if (typeof child === "object" && child !== null) gather(child, childPath, found);
  }
}
