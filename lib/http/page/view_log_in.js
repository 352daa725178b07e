// @ts-check
/// <reference lib="dom" />
import { api, wordsOf } from "./api.js";
import { field, fill, h } from "./dom.js";

/**
 * Asks who one is.
 * @param {{ hasUsers: boolean, onDone: () => void }} init
 */
export function makeLogIn({ hasUsers, onDone }) {
  const userName = h("input", { autocomplete: "username", required: true, autofocus: true });
  const password = h("input", { type: "password", autocomplete: "current-password" });
  const trouble = h("div", { role: "alert" });
  const button = h("button", { class: "main" }, "Log in");
  const logIn = async () => {
    button.disabled = true;
    try {
      await api("/session", {
        method: "POST",
        body: { userName: userName.value, password: password.value },
      });
      onDone();
    } catch (error) {
      fill(trouble, h("div", { class: "trouble" }, wordsOf(error)));
      password.value = "";
      password.focus();
    } finally {
      button.disabled = false;
    }
  };
  if (!hasUsers) {
    return h(
      "div",
      { class: "log-in sheet pad" },
      h("h1", {}, "flux-mqtt"),
      h(
        "p",
        {},
        "Nobody can log in here: this listener is for programs with a token. `http_admin USER` below it lets a user in.",
      ),
    );
  }
  return h(
    "div",
    { class: "log-in sheet pad" },
    h("h1", {}, "Log in"),
    h(
      "form",
      {
        onsubmit: (/** @type {Event} */ event) => {
          event.preventDefault();
          logIn();
        },
      },
      field("User", userName),
      field("Password", password),
      trouble,
      h("div", {}, button),
    ),
  );
}
