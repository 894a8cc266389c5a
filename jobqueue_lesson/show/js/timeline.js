// The timeline's picture, on which a line shows the instant, and a click goes to another.

import { h } from "./dom.js";

/** `seek` is called with the time that was clicked. */
export class Timeline {
  constructor(model, seek) {
    this.model = model;
    this.element = h("div", { class: "jq-timeline" });
    this.line = h("div", { class: "jq-line", "aria-hidden": "true" });
    const picture = model.get("timeline");
    if (picture?.byteLength) this.url = URL.createObjectURL(new Blob([picture], { type: "image/png" }));
    const source = this.url ?? (typeof picture === "string" ? picture : ""); // the picture itself, or its address
    if (source) {
      const image = h("img", { src: source, alt: model.get("timeline_words"), draggable: "false" });
      this.element.append(image, this.line);
    }
    this.element.addEventListener("click", (event) => seek(this.#timeAt(event.clientX)));
  }

  #timeAt(x) {
    const box = this.element.getBoundingClientRect();
    const { left, right, first, last } = this.#axis();
    const share = ((x - box.left) / box.width - left) / (right - left);
    return first + share * (last - first);
  }

  /** The time axis: its `left` and `right` end, as shares of the picture's width, and its `first` and `last` second. */
  #axis() {
    const [left, right, first, last] = this.model.get("axis");
    return { left, right, first, last };
  }

  /** Show a time. */
  show(time) {
    if (!this.line.isConnected) return;
    const { left, right, first, last } = this.#axis();
    this.line.style.left = `${100 * (left + ((time - first) / (last - first || 1)) * (right - left))}%`;
  }

  close() {
    if (this.url) URL.revokeObjectURL(this.url);
  }
}
