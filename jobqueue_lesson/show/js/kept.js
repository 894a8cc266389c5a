// What this browser keeps of a reader's answers, as kept.py does: by the name of the card, and by what the option says.

const KEY = "jobqueue_lesson.predictions";

/** `storage` returns the browser's storage. It may throw: then answers are kept until the page is left. */
export class Kept {
  constructor(storage = () => window.localStorage) {
    this.storage = storage;
    this.own = {}; // the answers on this page, null for one that was taken back
  }

  /** Return the answer to a card, null if there is none. */
  get(card) {
    return (card in this.own ? this.own[card] : this.#read()[card]) ?? null;
  }

  /** Keep an answer; null: forget it. */
  keep(card, says) {
    this.own[card] = says;
    const { [card]: _, ...others } = this.#read();
    try {
      this.storage().setItem(KEY, JSON.stringify(says === null ? others : { ...others, [card]: says }));
    } catch {
      // private browsing, storage that is full or forbidden
    }
  }

  #read() {
    try {
      const read = JSON.parse(this.storage().getItem(KEY));
      return read && typeof read === "object" ? read : {};
    } catch {
      return {};
    }
  }
}
