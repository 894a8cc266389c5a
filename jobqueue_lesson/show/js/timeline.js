// The timeline: a row for each job or, if there are many, how many jobs are in which state. A line shows the instant, and
// a click goes to another. It is drawn for the width that there is, in the colours of the page.

import { h, s } from "./dom.js";
import { Looks } from "./looks.js";
import { countFlow, cutSpans } from "./spans.js";
import { ticksBetween } from "./ticks.js";

const MOST_ROWS = 24;
const FLOW = 180; // height of a flow diagram
const AXIS = 36; // height of the numbers below, and of their unit
const TOP = 6;
const RIGHT = 14; // room for half a number, and for half a mark
const THIN = new Set(["delayed", "waiting", "backing off"]);
const THINNEST = 3; // pixels, so that an attempt that took no time can be seen

/** `words` describe it; `seek` is called with the time that was clicked. */
export class Timeline {
  constructor(record, words, seek) {
    Object.assign(this, { record, followed: -1 });
    this.element = h("div", { class: "jq-timeline" });
    this.line = h("div", { class: "jq-line", "aria-hidden": "true" });
    if (record.live || !record.events.length) return;
    const many = record.jobs.length;
    this.looks = new Looks(record.looks);
    this.flow = many > MOST_ROWS ? countFlow(record) : null;
    this.spans = this.flow ? [] : cutSpans(record);
    this.row = many <= 3 ? 24 : many <= 8 ? 20 : many <= 14 ? 15 : 11; // height of one
    this.picture = s("svg", { role: "img", "aria-label": words });
    this.ruler = document.createElement("canvas").getContext("2d");
    this.element.append(this.#legend(), h("div", { class: "jq-chart" }, this.picture, this.line));
    this.element.addEventListener("click", (event) => seek(this.#timeAt(event.clientX)));
  }

  #legend() {
    const { jobs, words } = this.record;
    const seen = this.flow ? this.flow.bands : this.spans;
    const present = new Set(seen.flatMap(({ look, mark }) => [look, mark]));
    const legend = this.looks.legend(present, Boolean(this.flow));
    const many = `${jobs.length.toLocaleString("en")} ${words.jobs}`;
    const how = this.flow ? `${many}: a band’s height is how many are in that state` : `one row is one ${words.job}`;
    legend.append(h("span", { class: "jq-caption" }, how));
    return legend;
  }

  /** Draw it for the width that there is. */
  draw() {
    this.width = this.element.clientWidth;
    if (!this.picture || !this.width) return;
    this.ruler.font = `12px ${getComputedStyle(this.element).fontFamily}`;
    const labels = this.flow ? this.#countLabels() : this.#rowLabels();
    this.left = 12 + Math.max(...labels.map(({ words }) => this.ruler.measureText(words).width));
    this.bottom = TOP + this.#inner + 4;
    const height = this.bottom + AXIS;
    this.picture.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
    this.picture.setAttribute("height", height);
    this.picture.replaceChildren(this.looks.hatches());
    this.#drawAxis();
    for (const { words, y } of labels) this.#write(words, this.left - 8, y + 4, "end");
    if (this.flow) this.#drawFlow();
    else this.#drawRows();
  }

  get #inner() {
    return this.flow ? FLOW : this.row * this.record.jobs.length;
  }

  /** Where a time is, in pixels from the left. */
  #x(time) {
    const { start, end } = this.record;
    return this.left + ((time - start) / (end - start || 1)) * (this.width - RIGHT - this.left);
  }

  #timeAt(x) {
    const { start, end } = this.record;
    const box = this.element.getBoundingClientRect();
    const inside = ((x - box.left) / box.width) * this.width; // the page may be zoomed
    return start + ((inside - this.left) / (this.width - RIGHT - this.left)) * (end - start);
  }

  /** Name the rows, by number and type or, if that would take too much room, by number; not closer than can be read. */
  #rowLabels() {
    const { record, row } = this;
    const every = Math.ceil(14 / row);
    const jobs = [...record.jobs.keys()].filter((job) => job % every === 0);
    const widest = Math.max(...jobs.map((job) => this.ruler.measureText(record.nameOf(job)).width));
    const name = (job) => (widest > 0.3 * this.width ? `#${record.jobs[job].id}` : record.nameOf(job));
    return jobs.map((job) => ({ words: name(job), y: this.#y(job) }));
  }

  #countLabels() {
    const most = this.record.jobs.length;
    return ticksBetween(0, most, 4).map((count) => ({
      words: count.toLocaleString("en"),
      y: TOP + FLOW * (1 - count / most),
    }));
  }

  /** The middle of a job's row. */
  #y(job) {
    return TOP + (job + 0.5) * this.row;
  }

  #write(words, x, y, anchor) {
    this.picture.append(s("text", { x, y, "text-anchor": anchor }, words));
  }

  #drawAxis() {
    const { record, bottom, left, width } = this;
    const { start, end, origin } = record;
    const [scale, unit] = end - start < 1 ? [1000, "ms"] : [1, "s"];
    const ticks = ticksBetween(scale * (start - origin), scale * (end - origin), Math.max(3, (width - left) / 64));
    for (const tick of ticks) {
      const x = this.#x(tick / scale + origin);
      const words = tick.toLocaleString("en");
      const half = this.ruler.measureText(words).width / 2;
      this.picture.append(s("path", { d: `M${x} ${TOP}V${bottom}`, class: "jq-grid" }));
      this.#write(words, Math.min(x, width - half), bottom + 15, "middle");
    }
    this.picture.append(s("path", { d: `M${left} ${bottom}H${width - RIGHT}`, class: "jq-axis" }));
    this.#write(`time in ${unit}`, (left + width - RIGHT) / 2, bottom + 31, "middle");
  }

  #drawRows() {
    const { picture, row } = this;
    if (this.followed >= 0) {
      const band = { x: 0, y: this.#y(this.followed) - row / 2, width: this.width, height: row, class: "jq-followed" };
      picture.append(s("rect", band));
    }
    for (const { job, look, start, end } of this.spans) {
      const height = row * (THIN.has(look) ? 0.36 : 0.72);
      const x = this.#x(start);
      const width = Math.max(this.#x(end) - x, THINNEST);
      picture.append(s("rect", { x, y: this.#y(job) - height / 2, width, height, ...this.looks.filled(look) }));
    }
    for (const { job, end, mark } of this.spans) {
      if (mark) picture.append(this.looks.mark(mark, this.#x(end), this.#y(job)));
    }
  }

  /** Draw the bands from the top down, each from the axis up: what is not covered by the next one is seen. */
  #drawFlow() {
    const { times, bands } = this.flow;
    const most = this.record.jobs.length;
    const x = (time) => (Math.round(2 * this.#x(time)) / 2).toString();
    const y = (count) => (TOP + FLOW * (1 - count / most)).toFixed(1);
    const seen = [...times.keys()].filter((n) => n === times.length - 1 || x(times[n]) !== x(times[n + 1]));
    const tops = times.map(() => 0);
    const paths = bands.map(({ look, counts }) => {
      for (const [n, count] of counts.entries()) tops[n] += count;
      const steps = seen.map((n) => `H${x(times[n])}V${y(tops[n])}`).join("");
      const d = `M${x(times[0])} ${y(0)}${steps}H${x(this.record.end)}V${y(0)}z`;
      return s("path", { d, ...this.looks.filled(look, true) });
    });
    this.picture.append(...paths.reverse());
  }

  /** Show a time. */
  show(time) {
    if (this.left) this.line.style.left = `${(100 * this.#x(time)) / this.width}%`;
  }

  /** Let a job stand out, -1 for none. */
  follow(job) {
    if (job === this.followed || this.flow) return;
    this.followed = job;
    this.draw();
  }
}
