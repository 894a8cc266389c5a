// A question, its options, and the answer somebody has committed to. It says what show/cards.py says, in the same words.

import { fill } from "./words.js";

export class Question {
  constructor({ asks, options }, words) {
    Object.assign(this, { asks, options, words });
    this.letters = options.map((_, i) => "ABCDEFGH"[i]);
  }

  option(letter) {
    return this.options[this.letters.indexOf(letter)];
  }

  /** Return an option with its letter, as the card shows it. */
  line(letter) {
    return `${letter} · ${this.option(letter).says}`;
  }

  /** Return the letter of what an option says; null if there is none that says it. */
  letterOf(says) {
    return this.letters.find((letter) => this.option(letter).says === says) ?? null;
  }

  /** Return the reason for an option and, if it is wrong, for the right one: a line each. */
  reasons(letter) {
    const right = this.letters.find((other) => this.option(other).right);
    const why = (key, of) => fill(this.words[key], { letter: of, reason: this.option(of).reason });
    return letter === right ? [why("right", right)] : [why("wrong", letter), why("right", right)];
  }
}

/** The answer to a question, which its card and its reason share. `kept` is where it is kept, by `name`. */
export class Answer {
  constructor(question, name, kept) {
    Object.assign(this, { question, name, kept });
    this.letter = name ? question.letterOf(kept.get(name)) : null;
    this.recalled = this.letter !== null; // from an earlier visit
    this.asked = null; // the id of its card, if that is on the page
    this.heard = [];
  }

  commit(letter) {
    this.#change(letter, this.question.option(letter).says);
  }

  forget() {
    this.#change(null, null);
  }

  /** Call back at each change. */
  onChange(call) {
    this.heard.push(call);
  }

  #change(letter, says) {
    this.letter = letter;
    this.recalled = false;
    if (this.name) this.kept.keep(this.name, says);
    for (const call of this.heard) call();
  }
}
