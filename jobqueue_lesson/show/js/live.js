// The buttons of a live stage: they ask the kernel to enqueue jobs, and to start and stop the worker.

import { h } from "./dom.js";

export class LiveButtons {
  constructor(model) {
    this.model = model;
    const send = (content) => () => model.send(content);
    const enqueue = (label, number) =>
      h("button", { type: "button", class: "jq-primary", onclick: send({ enqueue: number }) }, label);
    this.start = h("button", { type: "button", onclick: send({ start: true }) }, "Start the worker");
    this.stop = h("button", { type: "button", onclick: send({ stop: true }) }, "Stop the worker");
    this.state = h("span", { class: "jq-state" });
    const worker = model.get("startable") ? [this.start, this.stop] : [];
    this.element = h("div", { class: "jq-live" }, ...model.get("buttons").map(enqueue), ...worker, this.state);
    this.update = () => this.#show();
    model.on("change:working", this.update);
    model.on("change:state", this.update);
    this.update();
  }

  #show() {
    const working = this.model.get("working");
    this.start.disabled = working;
    this.stop.disabled = !working;
    this.state.textContent = this.model.get("state");
  }

  close() {
    this.model.off("change:working", this.update);
    this.model.off("change:state", this.update);
  }
}
