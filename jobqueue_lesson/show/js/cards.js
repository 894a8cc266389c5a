// Prediction cards on a page, and the reasons for their answers.

import { h, prose } from "./dom.js";
import { fill } from "./words.js";

let cards = 0; // on this page so far: the options of each are a group of their own

/** Return what tells right from wrong, and the reasons, for an answer that was committed to. With `beside`, the card is
 * right above and shows the answer: it is not said again. */
function explain(answer, { beside = false } = {}) {
  const { question, letter } = answer;
  const { right } = question.option(letter);
  const mark = right ? "✓" : "✗";
  const [first, ...others] = question.reasons(letter);
  const said = fill(question.words.chosen, { line: question.line(letter) });
  const lines = beside
    ? [[h("b", {}, mark), " ", ...prose(first)]]
    : [[h("b", {}, ...prose(`${mark} ${said}`))], prose(first)];
  const all = [...lines, ...others.map(prose)];
  return h("div", { class: right ? "jq-right" : "jq-wrong" }, ...all.map((line) => h("p", {}, ...line)));
}

/** Return the question and the reasons for all answers, for a class in which each was given by somebody. The answer that
 * was committed to stands out, if there is one. */
function explainAll(answer) {
  const { question, letter } = answer;
  const rows = question.letters.map((other) => {
    const { right, reason } = question.option(other);
    const said = other === letter ? [" ", h("mark", {}, fill(question.words.said, { letter }))] : [];
    const line = h("p", {}, h("b", {}, ...prose(`${right ? "✓" : "✗"} ${question.line(other)}`)), ...said);
    return h("div", { class: right ? "jq-right" : "jq-wrong" }, line, h("p", {}, ...prose(reason)));
  });
  return [h("p", { class: "jq-asked" }, h("b", {}, ...prose(question.asks))), ...rows];
}

/** A question with options to commit to. With `atOnce` it gives the reason itself. */
export class Card {
  constructor(answer, { atOnce }) {
    Object.assign(this, { answer, atOnce });
    const { question } = answer;
    const { words } = question;
    const name = `jq-card-${++cards}`;
    this.inputs = question.letters.map((value) => h("input", { type: "radio", name, value }));
    const choices = this.inputs.map((input) =>
      h("label", {}, input, h("span", {}, ...prose(question.line(input.value)))),
    );
    this.button = h("button", { type: "button", class: "jq-primary", onclick: () => this.#commit() }, words.commit);
    this.again = h("button", { type: "button", onclick: () => this.#askAgain() }, words.again);
    this.state = h("span", { class: "jq-state", role: "status", tabindex: "-1" });
    this.reason = h("div", { class: "jq-reason", "aria-live": "polite" });
    this.choices = h("fieldset", { class: "jq-choices" }, h("legend", {}, ...prose(question.asks)), ...choices);
    this.choices.addEventListener("change", () => this.#show());
    const row = h("div", { class: "jq-row" }, this.button, this.again, this.state);
    this.element = h("div", { class: "jq-card", id: name }, this.choices, row, ...(atOnce ? [this.reason] : []));
    answer.asked = name;
    answer.onChange(() => this.#show());
    this.#show();
  }

  get #chosen() {
    return this.inputs.find((input) => input.checked)?.value ?? null;
  }

  #commit() {
    this.answer.commit(this.#chosen);
    this.state.focus({ preventScroll: true }); // the button, which had the focus, can do nothing any more
  }

  #askAgain() {
    this.answer.forget();
    for (const input of this.inputs) input.checked = false;
    this.inputs[0].focus({ preventScroll: true });
  }

  #show() {
    const { answer, button, again, state, reason } = this;
    const { letter, recalled, question } = answer;
    const committed = letter !== null;
    for (const input of this.inputs) {
      if (committed) input.checked = input.value === letter;
      input.disabled = committed;
    }
    button.disabled = committed || this.#chosen === null;
    again.hidden = !recalled;
    const { said, later, earlier } = question.words;
    const words = [fill(recalled ? earlier : said, { letter }), ...(recalled || this.atOnce ? [] : [later])];
    state.textContent = committed ? words.join(" ") : "";
    if (this.atOnce) reason.replaceChildren(...(committed ? [explain(answer, { beside: true })] : []));
  }
}

/** The reason for the answer that was committed to on a card, which may come later. It is not read out when it changes:
 * it is further down the page, and whoever has just committed is to see it happen first. With `all` it shows the reasons
 * for all answers, under their question. */
export class Reason {
  constructor(answer, { all = false } = {}) {
    Object.assign(this, { answer, all });
    this.element = h("div", { class: "jq-reason" });
    answer.onChange(() => this.#show());
    this.#show();
  }

  #show() {
    const { answer, all } = this;
    if (all) {
      this.element.replaceChildren(...explainAll(answer));
      return;
    }
    const words = h("i", {}, answer.question.words.before);
    const before = h("p", {}, answer.asked ? h("a", { href: `#${answer.asked}` }, words) : words);
    this.element.replaceChildren(answer.letter === null ? before : explain(answer));
  }
}
