// The positions of a panel's controls, each with what the panel shows then: see labs/positions.py.

/** `controls` are lists of `values`, as words, one of which is where they `start`. One control at a time is away from its
 * start. `load` is given the address of a control's positions, and promises them; a control may have them here. */
export class Positions {
  constructor({ controls, start, positions }, load) {
    Object.assign(this, { controls, first: start, load });
    this.known = new Map(Object.entries(positions)); // a control's name → its positions, their address, or a promise
    this.reset();
  }

  reset() {
    this.at = new Map(this.controls.map(({ name, start }) => [name, start]));
  }

  /** Move a control; the others go back to their start. Return the one that was away from it, if there was one. */
  move(name, index) {
    const left = this.#away;
    this.reset();
    this.at.set(name, index);
    this.moved = name;
    return left?.name === name ? undefined : left;
  }

  /** The control that is away from its start. */
  get #away() {
    return this.controls.find(({ name, start }) => this.at.get(name) !== start);
  }

  /** Promise the positions of a control. They are loaded once; after a failure, again. */
  async of(name) {
    const known = this.known.get(name);
    if (typeof known === "string") {
      const coming = this.load(known);
      this.known.set(name, coming);
      coming.catch(() => this.known.set(name, known));
    }
    return this.known.get(name);
  }

  /** Promise what is to be seen; null if a control was moved meanwhile. */
  async seen() {
    const { at, moved } = this;
    const moving = this.#away;
    if (!moving) return this.first;
    const positions = await this.of(moving.name);
    const still = this.at === at && this.moved === moved;
    return still ? positions[at.get(moving.name)] : null;
  }
}
