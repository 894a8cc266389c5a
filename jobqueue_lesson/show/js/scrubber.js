// The scrubber: a slider over the time of the record, and behind it a chart of how many events there are when.

import { h } from "./dom.js";

const STEPS = 10000;
const BIN = 3; // width of a bar and the gap beside it, in pixels

/** `seek` is called with the time that was chosen. */
export class Scrubber {
  constructor(record, seek) {
    this.record = record;
    this.density = h("canvas", { class: "jq-density", "aria-hidden": "true" });
    this.slider = h("input", { type: "range", min: "0", max: String(STEPS), step: "1", "aria-label": "instant" });
    this.slider.addEventListener("input", () => {
      const share = Number(this.slider.value) / STEPS;
      seek(record.start + share * (record.end - record.start));
    });
    this.element = h("div", { class: "jq-scrub" }, this.density, this.slider);
  }

  /** Show the instant of a player. */
  show({ time, count }) {
    const { start, end, events } = this.record;
    this.slider.value = Math.round(STEPS * (end > start ? (time - start) / (end - start) : 1));
    this.slider.style.setProperty("--jq-done", `${(100 * this.slider.value) / STEPS}%`);
    const words = `${this.record.formatTime(time)}, event ${count} of ${events.length}`;
    this.slider.setAttribute("aria-valuetext", words);
  }

  /** Draw how many events there are when, and how many of them are failures. */
  drawDensity() {
    const { density, record } = this;
    const context = density.getContext("2d");
    const { clientWidth: width, clientHeight: height } = density;
    const sharp = 2 * (window.devicePixelRatio || 1); // on zoomed pages, too
    density.width = sharp * width;
    density.height = sharp * height;
    context.scale(sharp, sharp);
    const bins = this.#count(width);
    const most = Math.max(1, ...[...bins.values()].map(({ all }) => all));
    const tall = (count) => (count ? Math.max(2, (count / most) * (height - 2)) : 0);
    const ink = getComputedStyle(density).color;
    for (const [bin, { all, failed }] of bins) {
      context.fillStyle = ink;
      context.fillRect(bin * BIN, height - tall(all), BIN - 1, tall(all));
      context.fillStyle = record.looks["failed attempt"];
      context.fillRect(bin * BIN, height - tall(failed), BIN - 1, tall(failed));
    }
  }

  /** Count the events, and the failures among them, by bin. */
  #count(width) {
    const { events, start, end } = this.record;
    const bins = new Map();
    for (const event of events) {
      const bin = Math.floor((((event.at - start) / (end - start || 1)) * (width - BIN)) / BIN);
      const { all, failed } = bins.get(bin) ?? { all: 0, failed: 0 };
      bins.set(bin, { all: all + 1, failed: failed + (event.move === "retry" || event.move === "fail") });
    }
    return bins;
  }
}
