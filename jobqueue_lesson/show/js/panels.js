// A panel without a kernel: its controls, and what was computed beforehand for each of their positions.

import { h, prose } from "./dom.js";
import { Positions } from "./positions.js";
import { fill } from "./words.js";

/** A row with a control: a menu, or a slider and its value. `moved` is called with the index of the chosen value. */
class Row {
  constructor({ label, kind, values }, moved) {
    this.values = values;
    this.isMenu = kind === "choice";
    this.input = this.isMenu
      ? h("select", { "aria-label": label }, ...values.map((value, i) => h("option", { value: i }, value)))
      : h("input", { "aria-label": label, type: "range", min: 0, max: values.length - 1, step: 1 });
    this.value = h("span", { class: "jq-value", "aria-hidden": "true" }); // a slider says its value itself
    const limits = h("small", {}, `from ${values[0]} to ${values.at(-1)}`);
    const shown = this.isMenu ? [] : [this.value, limits];
    this.element = h("label", { class: "jq-control" }, h("span", {}, label), this.input, ...shown);
    this.input.addEventListener("input", () => moved(Number(this.input.value)));
  }

  show(index) {
    this.input.value = String(index);
    if (this.isMenu) return;
    this.value.textContent = this.values[index];
    this.input.setAttribute("aria-valuetext", this.values[index]);
  }
}

/** `load` fetches the positions of a control by their address; `run` is the address at which the page can be run. */
export class Panel {
  constructor(data, { load, run, words }) {
    this.positions = new Positions(data, load);
    this.words = words;
    this.rows = new Map();
    for (const control of data.controls) {
      const row = new Row(control, (index) => this.#move(control.name, index));
      for (const sign of ["pointerenter", "focusin"])
        row.element.addEventListener(sign, () => this.#fetch(control.name));
      this.rows.set(control.name, row);
    }
    this.setBack = h("p", { class: "jq-note", role: "status" }); // which control a move has set back
    this.said = h("div", { class: "jq-outcome", role: "status" });
    this.picture = h("div", { class: "jq-picture", role: "img" });
    const reset = h("button", { type: "button", onclick: () => this.#reset() }, words.reset);
    const question = h("p", {}, h("b", {}, ...prose(data.question)));
    const controls = [...this.rows.values()].map(({ element }) => element);
    this.element = h("div", { class: "jq-panel", role: "group", "aria-label": data.question });
    const below = h("div", { class: "jq-below" }, reset, this.setBack);
    this.element.append(question, ...controls, below, this.#note(run), this.said, this.picture);
    this.#show();
  }

  /** Say what these positions are, and where there are all of them. */
  #note(run) {
    const together = run ? h("a", { href: run }, this.words.run) : this.words.run;
    return h("p", { class: "jq-note" }, `${this.words.alone} `, together, ".");
  }

  #move(name, index) {
    const { moved } = this.positions;
    const left = this.positions.move(name, index);
    if (left) {
      this.setBack.textContent = fill(this.words.back, { control: left.label, value: left.values[left.start] });
    } else if (name !== moved) this.setBack.textContent = "";
    this.#show();
  }

  #reset() {
    this.positions.reset();
    this.setBack.textContent = "";
    this.#show();
  }

  /** Fetch a control's positions, before it is moved. If that fails, its move says so. */
  #fetch(name) {
    this.positions.of(name).catch(() => {});
  }

  async #show() {
    for (const [name, row] of this.rows) row.show(this.positions.at.get(name));
    try {
      const seen = await this.positions.seen();
      if (!seen) return;
      this.said.replaceChildren(...seen.words.split("\n").map((line) => h("p", {}, ...prose(line))));
      this.picture.innerHTML = seen.picture;
      this.picture.setAttribute("aria-label", seen.alt);
    } catch {
      const again = h("button", { type: "button", onclick: () => this.#show() }, this.words.again);
      this.said.replaceChildren(h("p", { class: "jq-retry" }, `${this.words.failed} `, again));
    }
  }
}
