// Brings the widgets of a page to life that has no kernel: a book, slides, an exported page. What alive.py has put there
// is a text or a picture, and data. Once the data are here, the widget takes the place of the text.

import { Card, Reason } from "./cards.js";
import { h } from "./dom.js";
import { Kept } from "./kept.js";
import { Model } from "./model.js";
import { Panel } from "./panels.js";
import { Answer, Question } from "./question.js";
import { liveModel } from "./stages.js";
import { initialize, render } from "./view.js";

const NEAR = "800px 0px"; // how far from the view data are fetched

async function fetchJson(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

/** Return an element with the view of a replay's model, or of a live stage's. */
function show(model) {
  const el = h("div");
  initialize({ model });
  render({ model, el });
  return el;
}

class Host {
  constructor(words) {
    this.words = words;
    this.kept = new Kept();
    this.unkept = new Kept(() => undefined);
    this.answers = new Map(); // by the name of the card
    this.near = new IntersectionObserver((entries) => this.#come(entries), { rootMargin: NEAR });
    this.makers = {
      replay: (data, box) => this.#replay(data, box),
      live: (data) => this.#live(data),
      panel: (data, box) => this.#panel(data, box),
      card: (data, box) => new Card(this.#answer(data, box), { atOnce: data.at_once }).element,
      reason: (data, box) => new Reason(this.#answer(data, box)).element,
    };
  }

  /** Wake all widgets within an element: those whose data are in the page now, others when somebody comes near. */
  wake(within) {
    for (const box of within.querySelectorAll(".jq-alive:not(.jq-awake)")) {
      const inline = box.querySelector(':scope > script[type="application/json"]');
      if (inline) this.#put(box, JSON.parse(inline.textContent));
      else if (box.dataset.src) this.near.observe(box);
    }
  }

  #come(entries) {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      this.near.unobserve(target);
      this.#fetch(target);
    }
  }

  /** Fetch a widget's data. If that fails, what can be read stays, with a button to try again. */
  async #fetch(box) {
    box.querySelector(":scope > .jq-retry")?.remove();
    try {
      this.#put(box, await fetchJson(box.dataset.src));
    } catch {
      const again = h("button", { type: "button", onclick: () => this.#fetch(box) }, this.words.again);
      box.append(h("p", { class: "jq-retry" }, `${this.words.failed} `, again));
    }
  }

  /** Put a widget in the place of its text. */
  #put(box, data) {
    const widget = this.makers[data.kind]?.(data, box);
    if (!widget) return;
    box.replaceChildren(widget);
    box.classList.add("jq-awake");
  }

  #replay(data, box) {
    return show(new Model({ ...data, autoplay: "autoplay" in box.dataset }));
  }

  #live(data) {
    const stage = show(liveModel(data, this.words.live));
    stage.append(h("p", { class: "jq-note" }, this.words.live.copy));
    return stage;
  }

  /** A panel, whose data name other files: seen from the file that they are in. */
  #panel(data, box) {
    const source = new URL(box.dataset.src ?? "", document.baseURI);
    const load = (address) => fetchJson(new URL(address, source));
    const run = box.closest("[data-run]")?.dataset.run;
    return new Panel(data, { load, run, words: this.words.panel }).element;
  }

  /** The answer that a card and its reason share. */
  #answer(data, box) {
    const name = data.name || data.asks;
    if (!this.answers.has(name)) {
      const kept = box.closest('[data-keep="no"]') ? this.unkept : this.kept;
      this.answers.set(name, new Answer(new Question(data, this.words.card), data.name, kept));
    }
    return this.answers.get(name);
  }
}

/** Bring the widgets of the page to life. `words` is what Python's widgets say: see `script` in alive.py. */
export function start(words) {
  new Host(words).wake(document);
}
