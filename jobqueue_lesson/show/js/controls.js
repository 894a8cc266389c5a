// The row of controls: buttons, the speed, the job to follow, and the clock; and the keys that do the same.

import { h, icon } from "./dom.js";
import { speedsFor } from "./player.js";
import { formatSpeed } from "./words.js";

/** A title with its key, "Play (space)", without the key. */
const withoutKey = (title) => title.replace(/ \(.*/, "");

function button(name, title, onclick) {
  return h("button", { title, "aria-label": withoutKey(title), type: "button", onclick }, icon(name));
}

/** `go` moves the player by the function it is given, and shows where it is; `toggle` plays or pauses;
 * `follow` is called with the job that was chosen, -1 for all. */
export class Controls {
  constructor(record, player, { go, toggle, follow }) {
    this.record = record;
    this.player = player;
    this.first = button("first", "First event (Home)", () => go(() => player.jumpTo(0)));
    this.back = button("back", "Previous event (←)", () => go(() => player.step(-1)));
    this.play = button("play", "Play (space)", toggle);
    this.forward = button("forward", "Next event (→)", () => go(() => player.step(1)));
    this.last = button("last", "Last event (End)", () => go(() => player.jumpTo(record.events.length)));
    this.speed = h("select", { "aria-label": "speed", onchange: () => this.#chooseSpeed() });
    this.follow = h("select", { "aria-label": "job to follow", onchange: () => follow(Number(this.follow.value)) });
    this.clock = h("span", { class: "jq-clock" });
    const buttons = h("div", { class: "jq-buttons" }, this.first, this.back, this.play, this.forward, this.last);
    const menus = h("div", { class: "jq-menus" }, this.speed, this.follow);
    this.element = h("div", { class: "jq-controls" }, buttons, menus, this.clock);
    this.keys = {
      " ": toggle,
      ArrowLeft: () => this.back.click(),
      ArrowRight: () => this.forward.click(),
      Home: () => this.first.click(),
      End: () => this.last.click(),
    };
  }

  #chooseSpeed() {
    this.player.speed = Number(this.speed.value);
    this.speed.dataset.chosen = "yes";
  }

  /** Bring the menus up to date with a record that has grown. */
  fill() {
    const { record, speed, follow } = this;
    const { speeds, best } = speedsFor(record.end - record.start);
    const chosen = speed.dataset.chosen ? Number(speed.value) : record.live ? 1 : (record.speed ?? best);
    const offered = [...new Set([...speeds, chosen])].sort((a, b) => a - b);
    if (speed.dataset.offered !== String(offered)) {
      speed.dataset.offered = String(offered);
      speed.replaceChildren(...offered.map((value) => h("option", { value }, formatSpeed(value))));
      speed.value = String(chosen);
      this.player.speed = chosen;
    }
    if (!follow.options.length) follow.append(h("option", { value: -1 }, `all ${record.words.jobs}`));
    for (let job = follow.options.length - 1; job < record.jobs.length; job++) {
      follow.append(h("option", { value: job }, record.nameOf(job)));
    }
  }

  /** Show the instant on the clock, and on the button whether it plays. */
  show() {
    const { record, player, play } = this;
    const events = `event ${player.count} of ${record.events.length}`;
    this.clock.textContent = `${record.formatTime(player.time)} of ${record.formatTime(record.end)} · ${events}`;
    if (play.dataset.active === String(player.active)) return;
    play.dataset.active = String(player.active);
    play.title = player.active ? "Pause (space)" : record.live && player.atEnd ? "Follow (space)" : "Play (space)";
    play.setAttribute("aria-label", withoutKey(play.title));
    play.replaceChildren(icon(player.active ? "pause" : "play"));
  }

  /** Do what a key says, unless what has the focus has a use for it. */
  onKey(event) {
    const { tagName } = event.target;
    const own = tagName === "SELECT" || (event.key === " " && tagName === "BUTTON");
    if (own || event.ctrlKey || event.metaKey || event.altKey || !this.keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    this.keys[event.key]();
  }
}
