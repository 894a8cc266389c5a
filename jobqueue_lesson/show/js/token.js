// A job as it is drawn. From the API to its end it is the same thing: a slate card with its number. What it is doing is a
// bar below the card, in the colour that it has in the timeline; how it ended is a sign on the card as well.

const CARD = "#5f6b76"; // stands out from the paper of either theme
const ON_CARD = "#ffffff";
const EDGE = "#1a1a1a"; // between a card and the corner of one that has failed before
const SMALL = 10; // one of less has only its bar
const LARGE = 17; // a card of this size or more has room for its number

/** Draws jobs on a canvas. `ink` and `paper` are the page's; `looks` are the colours of `LOOKS` in style.py. */
export class Tokens {
  constructor(context, looks) {
    Object.assign(this, { context, looks, ink: "", paper: "", font: "" });
  }

  /** Draw a job at a spot: {x, y, size}. `left` is how much of its wait is left, from 0 to 1. How it ended is `signed`
   * where there is room. */
  draw({ x, y, size }, { id, look, failedBefore, left, signed }) {
    const c = this.context;
    const bar = size >= LARGE ? 4 : size >= SMALL ? 3 : 2;
    const gap = size >= SMALL ? 1.5 : size >= 7 ? 1 : 0;
    const half = size / 2;
    const card = { x: x - half, y: y - half, w: size, h: size - bar - gap };
    c.fillStyle = CARD;
    c.beginPath();
    c.roundRect(card.x, card.y, card.w, card.h, size >= LARGE ? 4 : size / 6);
    c.fill();
    if (failedBefore && size >= SMALL) this.#corner(card);
    const words = String(id);
    if (size >= LARGE && words.length <= 3) this.#number(words, x, card); // more does not fit
    this.bar({ x: card.x, y: y + half - bar, w: size, h: bar }, look, left);
    if (signed && (look === "completed" || look === "failed")) this.#sign(x + half - 2, y + half - 3, look);
  }

  /** Draw the bar of a state. That of a job that waits for its time runs out. */
  bar({ x, y, w, h }, look, left = 1) {
    const c = this.context;
    const waits = look === "backing off" || look === "delayed";
    c.fillStyle = look === "failed" ? this.ink : this.looks[look];
    c.fillRect(x, y, waits ? w * left : w, h);
    if (!waits) return;
    c.fillStyle = this.ink; // these colours are too pale to stand out by themselves
    c.fillRect(x, y + h - 1, w, 1);
    if (left > 0) c.fillRect(x + w * left - 1, y, 1, h);
  }

  #number(words, x, card) {
    const c = this.context;
    c.font = `600 ${words.length > 2 ? 10 : 12}px ${this.font}`;
    c.textAlign = "center";
    c.textBaseline = "middle";
    c.fillStyle = ON_CARD;
    c.fillText(words, x, card.y + card.h / 2 + 0.5);
  }

  /** Mark the corner of a job that has failed before. */
  #corner({ x, y, w, h }) {
    const c = this.context;
    const side = Math.min(h, w) * 0.42;
    c.fillStyle = this.looks["failed attempt"];
    c.beginPath();
    c.moveTo(x + w - side, y);
    c.lineTo(x + w, y);
    c.lineTo(x + w, y + side);
    c.fill();
    c.strokeStyle = EDGE;
    c.lineWidth = 1;
    c.beginPath();
    c.moveTo(x + w - side, y);
    c.lineTo(x + w, y + side);
    c.stroke();
  }

  /** Draw how a job ended: a tick, or a cross. */
  #sign(x, y, look) {
    const c = this.context;
    c.fillStyle = look === "failed" ? this.ink : this.looks[look];
    c.strokeStyle = this.paper;
    c.lineWidth = 1.5;
    c.beginPath();
    c.arc(x, y, 6, 0, 7);
    c.stroke();
    c.fill();
    c.strokeStyle = look === "failed" ? this.paper : EDGE;
    c.lineWidth = 1.8;
    c.beginPath();
    const strokes =
      look === "failed"
        ? [
            [-2.4, -2.4, 2.4, 2.4],
            [2.4, -2.4, -2.4, 2.4],
          ]
        : [
            [-3, 0.2, -0.9, 2.4],
            [-0.9, 2.4, 3, -2.2],
          ];
    for (const [x1, y1, x2, y2] of strokes) {
      c.moveTo(x + x1, y + y1);
      c.lineTo(x + x2, y + y2);
    }
    c.stroke();
  }
}
