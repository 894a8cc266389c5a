// How a state looks in the timeline: its bar or its mark, and the legend. As `LOOKS` in style.py has it: no state can be
// told by its colour alone.

import { h, s } from "./dom.js";

const HATCH_INK = "#1a1a1a"; // on a state's own colour, in either theme
const HATCHES = {
  delayed: ["M1 1h1.2v1.2h-1.2z M4 4h1.2v1.2h-1.2z", 6],
  "backing off": ["M-1 7L7 -1 M-1 1L1 -1 M5 7L7 5", 6],
  "failed attempt": ["M0 0L6 6 M6 0L0 6", 6],
};
const BAND = "#8fd0bb"; // of completed jobs in a flow diagram, where it is most of the picture
const MARKS = {
  completed: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z",
  failed: "M-5 -3L-3 -5L0 -2L3 -5L5 -3L2 0L5 3L3 5L0 2L-3 5L-5 3L-2 0z",
  released: "M4 -5V5L-5 0z",
};

/** The looks of one drawing. */
export class Looks {
  constructor(colours) {
    this.colours = colours;
    this.id = `jq-${Math.random().toString(36).slice(2, 8)}`; // all drawings of a page have their hatches in one space
  }

  /** Return the hatches, to be a part of the drawing. */
  hatches() {
    const made = Object.entries(HATCHES).map(([look, [path, size]]) => {
      const ground = s("rect", { width: size, height: size, fill: this.colours[look] });
      const lines = s("path", { d: path, stroke: HATCH_INK, "stroke-width": 0.9, fill: "none" });
      const box = { id: this.#idOf(look), width: size, height: size, patternUnits: "userSpaceOnUse" };
      return s("pattern", box, ground, lines);
    });
    return s("defs", {}, ...made);
  }

  #idOf(look) {
    return `${this.id}-${look.replace(" ", "-")}`;
  }

  /** Return the attributes of a bar or, in a flow diagram, of a band. A hatched one is too pale without an outline. */
  filled(look, flow = false) {
    if (HATCHES[look]) return { fill: `url(#${this.#idOf(look)})`, stroke: "currentColor", "stroke-width": 0.8 };
    if (look === "failed") return { fill: "currentColor" };
    if (!flow) return { fill: this.colours[look] };
    const fill = look === "completed" ? BAND : this.colours[look];
    return { fill, stroke: "currentColor", "stroke-width": 0.8 };
  }

  /** Return the mark at the end of an attempt, a little apart from the bar before it. */
  mark(look, x, y) {
    const fill = look === "failed" ? "currentColor" : this.colours[look];
    const halo = {
      stroke: "var(--jq-paper)",
      "stroke-width": 2.5,
      "stroke-linejoin": "round",
      "paint-order": "stroke",
    };
    return s("path", { d: MARKS[look], fill, ...halo, transform: `translate(${x} ${y})` });
  }

  /** Return the legend of these looks, in the order in which `LOOKS` has them. */
  legend(present, flow) {
    const entries = Object.keys(this.colours).filter((look) => present.has(look));
    const list = entries.map((look) => {
      const sign = s("svg", { width: 22, height: 12, viewBox: "0 0 22 12" });
      if (MARKS[look] && !flow) sign.append(this.mark(look, 11, 6));
      else sign.append(s("rect", { x: 1, y: 1, width: 20, height: 10, ...this.filled(look, flow) }));
      return h("span", {}, sign, look);
    });
    return h("div", { class: "jq-legend", "aria-hidden": "true" }, ...list);
  }
}
