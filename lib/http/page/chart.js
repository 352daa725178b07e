// @ts-check
/// <reference lib="dom" />
import { fill, h, svg } from "./dom.js";

const WIDTH = 300;
const HEIGHT = 100;

/**
 * A line over time. What is pointed at is told to `onPoint`; `undefined`: nothing is any more.
 * @param {{ tall?: boolean, label: string, onPoint?: (index: number | undefined) => void }} init
 */
export function makeChart({ tall = false, label, onPoint }) {
  const area = svg("path", { class: "area" });
  const line = svg("path", { class: "line" });
  const cursor = svg("line", { class: "cursor", y1: 0, y2: HEIGHT, visibility: "hidden" });
  const base = svg("line", { class: "base", x1: 0, x2: WIDTH, y1: HEIGHT, y2: HEIGHT });
  const element = svg(
    "svg",
    {
      class: tall ? "chart tall" : "chart",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": label,
    },
    base,
    area,
    line,
    cursor,
  );
  let length = 0;
  /** Where the first value is: a line that is shorter than the axis stands at its right end. */
  let left = 0;
  element.addEventListener("pointermove", (event) => {
    const box = element.getBoundingClientRect();
    const x = (/** @type {PointerEvent} */ (event).clientX - box.left) / box.width * WIDTH;
    const step = length < 2 ? WIDTH : (WIDTH - left) / (length - 1);
    const index = Math.max(0, Math.min(length - 1, Math.round((x - left) / step)));
    const at = left + index * (length < 2 ? 0 : step);
    cursor.setAttribute("x1", String(at));
    cursor.setAttribute("x2", String(at));
    cursor.setAttribute("visibility", "visible");
    onPoint?.(length === 0 ? undefined : index);
  });
  element.addEventListener("pointerleave", () => {
    cursor.setAttribute("visibility", "hidden");
    onPoint?.(undefined);
  });
  return {
    element,
    /**
     * Draws these values, which are the same time apart. `fromZero`: the axis begins at 0.
     * @param {readonly number[]} values
     * @param {boolean} [fromZero]
     * @param {number} [least] values for which there is room, at least
     * @returns {{ min: number, max: number }} the ends of the axis
     */
    draw(values, fromZero = true, least = 0) {
      length = values.length;
      left = length >= least || least < 2 ? 0 : (least - length) / (least - 1) * WIDTH;
      let min = fromZero ? 0 : Infinity;
      let max = fromZero ? 0 : -Infinity;
      for (const value of values) {
        if (value < min) min = value;
        if (value > max) max = value;
      }
      const span = max - min || 1;
      const points = values.map((value, index) => {
        const x = values.length < 2 ? WIDTH : left + index / (values.length - 1) * (WIDTH - left);
        const y = HEIGHT - (value - min) / span * (HEIGHT - 6);
        return `${x.toFixed(1)} ${y.toFixed(1)}`;
      });
      const path = points.length === 0 ? "" : `M${points.join("L")}`;
      line.setAttribute("d", path);
      area.setAttribute("d", path === "" ? "" : `${path}V${HEIGHT}H${left.toFixed(1)}Z`);
      return { min, max };
    },
  };
}

/**
 * A chart with its axis in words.
 * @param {string} label
 */
export function makeLabelledChart(label) {
  const axis = h("div", { class: "axis" });
  /** @type {readonly number[]} */
  let shown = [];
  /** @type {readonly number[]} */
  let times = [];
  let ends = ["", ""];
  const chart = makeChart({
    tall: true,
    label,
    onPoint: (index) => {
      const value = index === undefined ? undefined : shown[index];
      if (value === undefined) return fill(axis, h("span", {}, ends[0]), h("span", {}, ends[1]));
      const at = times[index ?? 0] ?? 0;
      fill(
        axis,
        h("span", {}, String(value)),
        h("span", {}, new Date(at).toTimeString().slice(0, 8)),
      );
    },
  });
  return {
    element: h("figure", {}, chart.element, axis),
    /**
     * @param {readonly number[]} values
     * @param {readonly number[]} atMs when each was
     */
    draw(values, atMs) {
      shown = values;
      times = atMs;
      const { min, max } = chart.draw(values, false);
      ends = [`${min} to ${max}`, `${values.length} values`];
      fill(axis, h("span", {}, ends[0]), h("span", {}, ends[1]));
    },
  };
}
