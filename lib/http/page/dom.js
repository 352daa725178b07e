// @ts-check
/// <reference lib="dom" />

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Makes an element. Properties that begin with `on` are listeners; `class`, `data-…`, `aria-…` and the like are attributes; texts are
 * texts, never markup: what comes from strangers can do no harm.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  set(element, properties);
  append(element, children);
  return element;
}

/**
 * The same for SVG.
 * @param {string} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...Child} children
 * @returns {SVGElement}
 */
export function svg(tag, properties = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  set(element, properties);
  append(element, children);
  return element;
}

/**
 * Puts these children in the place of what is there.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.textContent = "";
  append(element, children);
}

/**
 * Sets a text where it is another: the browser has nothing to do for what stays.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Tells whether somebody presses on an element, or has marked some of its text: then it must not be drawn anew, since a click whose
 * element has gone is lost.
 * @param {Element} element
 */
export function makeHold(element) {
  let isPressed = false;
  element.addEventListener("pointerdown", () => isPressed = true);
  for (const event of ["pointerup", "pointercancel"]) {
    // After the click that follows.
    addEventListener(event, () => setTimeout(() => isPressed = false, 0));
  }
  return () => {
    const selection = getSelection();
    const isMarked = selection !== null && !selection.isCollapsed &&
      element.contains(selection.anchorNode);
    return isPressed || isMarked;
  };
}

/**
 * A labelled field of a form.
 * @param {string} label
 * @param {HTMLElement} control
 * @param {string} [className]
 */
export function field(label, control, className = "") {
  return h("label", { class: `field ${className}` }, h("span", {}, label), control);
}

/**
 * What is shown where there is nothing.
 * @param {string} title
 * @param {Child} [text]
 */
export function empty(title, text = "") {
  return h("div", { class: "empty" }, h("strong", {}, title), text);
}

/**
 * @param {Element} element
 * @param {Record<string, unknown>} properties
 */
function set(element, properties) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else if (name === "value" && "value" in element) element.value = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

/**
 * @param {Element} element
 * @param {(Child | Child[])[]} children
 */
function append(element, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false || child === "") continue;
    element.append(child instanceof Node ? child : String(child));
  }
}
