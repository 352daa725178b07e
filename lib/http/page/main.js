// @ts-check
/// <reference lib="dom" />
import { api, whenLoggedOut, wordsOf } from "./api.js";
import { fill, h, setText } from "./dom.js";
import { time } from "./format.js";
import { Live } from "./live.js";
import { Mqtt } from "./mqtt.js";
import { note } from "./notes.js";
import { accessView } from "./view_access.js";
import { clientView } from "./view_client.js";
import { clientsView } from "./view_clients.js";
import { clusterView } from "./view_cluster.js";
import { configurationView } from "./view_configuration.js";
import { logView } from "./view_log.js";
import { makeLogIn } from "./view_log_in.js";
import { messagesView } from "./view_messages.js";
import { overviewView } from "./view_overview.js";
import { topicsView } from "./view_topics.js";
import { traceView } from "./view_trace.js";

/** @typedef {import("./app.js").App} App */
/** @typedef {import("./app.js").View} View */
/** @typedef {import("./app.js").MakeView} MakeView */

/** How long to wait before the broker is asked again who looks, milliseconds. */
const RETRY_MS = 2000;

/** @type {Readonly<Record<string, MakeView>>} */
const VIEWS = {
  "": overviewView,
  clients: clientsView,
  topics: topicsView,
  messages: messagesView,
  cluster: clusterView,
  log: logView,
  configuration: configurationView,
  access: accessView,
  trace: traceView,
};

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
const side = /** @type {HTMLElement} */ (document.querySelector(".side"));
/** @type {View | undefined} */
let view;
/** @type {App | undefined} */
let app;

/** Asks who looks, and shows the page, or asks for a name. */
async function begin() {
  try {
    const session = await api("/session");
    if (session.role === null) return askWho(session.hasUsers);
    app = {
      live: new Live(),
      mqtt: new Mqtt(),
      session,
      go: (hash) => {
        location.hash = hash;
      },
    };
    side.hidden = false;
    const cluster = /** @type {HTMLElement} */ (side.querySelector('a[href="#/cluster"]'));
    cluster.hidden = !session.hasCluster;
    document.body.classList.remove("bare");
    showWho(app);
    app.live.start();
    app.live.watch(showLive);
    show();
  } catch (error) {
    fill(main, h("div", { class: "trouble" }, `${wordsOf(error)}. Trying again …`));
    setTimeout(begin, RETRY_MS);
  }
}

/** @param {boolean} hasUsers */
function askWho(hasUsers) {
  end();
  side.hidden = true;
  document.body.classList.add("bare");
  document.title = "Log in – flux-mqtt";
  fill(main, makeLogIn({ hasUsers, onDone: begin }));
  main.querySelector("input")?.focus();
}

function end() {
  view?.end?.();
  view = undefined;
  app?.live.stop();
  app?.mqtt.close();
  app = undefined;
}

/** Shows the view that the address names. */
function show() {
  if (app === undefined) return;
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name = "", ...rest] = path.split("/");
  const make = name === "clients" && rest.length > 0 ? clientView : VIEWS[name] ?? overviewView;
  view?.end?.();
  view = make(app, decode(rest.join("/")), new URLSearchParams(query));
  document.title = `${view.title} – flux-mqtt`;
  fill(main, view.content);
  scrollTo(0, 0);
  for (const link of side.querySelectorAll("nav a")) {
    const isHere = link.getAttribute("href") === `#/${name}`;
    if (isHere) {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "center" });
    } else link.removeAttribute("aria-current");
  }
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** @param {App} app */
function showWho({ session }) {
  const who = /** @type {HTMLElement} */ (document.getElementById("who"));
  if (session.by !== "session") return fill(who);
  const logOut = async () => {
    try {
      await api("/session", { method: "DELETE" });
      begin();
    } catch (error) {
      note(wordsOf(error), "bad");
    }
  };
  fill(
    who,
    h("span", {}, session.userName, " ", h("span", { class: "tag" }, session.role)),
    h("button", { type: "button", class: "plain", onclick: logOut }, "Log out"),
  );
}

/** Says when what is shown is old. @param {Live} live */
function showLive({ state: { state, atMs } }) {
  const status = /** @type {HTMLElement} */ (document.getElementById("live"));
  const stale = /** @type {HTMLElement} */ (document.getElementById("stale"));
  if (status.dataset.state !== state) {
    status.dataset.state = state;
    setText(status, state === "live" ? "Live" : state === "lost" ? "No connection" : "Connecting");
  }
  stale.hidden = state !== "lost";
  if (state !== "lost") return;
  const since = atMs === 0 ? "" : `: what is shown is of ${time(atMs)}`;
  setText(stale, `The broker does not answer${since}. Trying again …`);
}

whenLoggedOut(() => askWho(true));
addEventListener("hashchange", show);
begin();
