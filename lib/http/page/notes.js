// @ts-check
/// <reference lib="dom" />
import { wordsOf } from "./api.js";
import { h } from "./dom.js";

const SHOWN_MS = 6000;

/**
 * Says something for a moment.
 * @param {string} text
 * @param {"good" | "bad"} [kind]
 */
export function note(text, kind = "good") {
  const element = h("div", { class: "note", "data-kind": kind }, text);
  document.getElementById("notes")?.append(element);
  setTimeout(() => element.remove(), SHOWN_MS);
}

/**
 * Does something and says how it went.
 * @param {() => Promise<unknown>} act
 * @param {string} done
 * @returns {Promise<boolean>} whether it went well
 */
export async function attempt(act, done) {
  try {
    await act();
    if (done !== "") note(done);
    return true;
  } catch (error) {
    note(wordsOf(error), "bad");
    return false;
  }
}
