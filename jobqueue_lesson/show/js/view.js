// The replay on a page: its parts put together. anywidget calls `initialize` once for a widget, `render` for each view.
// Everything here runs in the browser: while a record is played, the kernel is asked for nothing.

import { Controls } from "./controls.js";
import { h } from "./dom.js";
import { LiveButtons } from "./live.js";
import { Player } from "./player.js";
import { Record } from "./record.js";
import { Scrubber } from "./scrubber.js";
import { Stage } from "./stage.js";
import { Timeline } from "./timeline.js";

const KEYS = "Click here, then ← and → step, Space plays";
const THEMES = ["class", "data-theme", "data-jp-theme-name", "data-jp-theme-light"]; // where pages say which they have
const DARK_SYSTEM = globalThis.matchMedia?.("(prefers-color-scheme: dark)"); // Node, which has none, only loads this
const QUIET = 2500; // milliseconds between two events that are read out while it plays

// A record outlives its views, and all views of a widget share it. The model that anywidget passes is a new object each
// time; the layout behind it is the same for all views of a widget.
const records = new WeakMap();

function recordOf(model) {
  const widget = model.get("layout");
  const given = model.get("record");
  if (!records.has(widget)) records.set(widget, new Record(typeof given === "string" ? JSON.parse(given) : given));
  return records.get(widget);
}

/** Estimate how many lines a text takes in an element. */
function linesOf(text, element) {
  const ruler = document.createElement("canvas").getContext("2d");
  ruler.font = getComputedStyle(element).font;
  return Math.min(4, Math.max(1, Math.ceil((1.02 * ruler.measureText(text).width) / element.clientWidth)));
}

class View {
  constructor(model) {
    this.model = model;
    this.record = recordOf(model);
    this.player = new Player(this.record);
    this.canvas = h("canvas", { class: "jq-stage", tabindex: "0", role: "img" });
    this.stage = new Stage(this.canvas, this.record, this.player.scene);
    this.controls = new Controls(this.record, this.player, {
      go: (move) => this.#go(move),
      toggle: () => this.#toggle(),
      follow: (job) => this.#follow(job),
    });
    const seek = (time) => this.#go(() => this.player.seek(time));
    this.scrubber = new Scrubber(this.record, seek);
    this.timeline = new Timeline(this.record, model.get("timeline_words"), seek);
    this.live = model.get("buttons") && new LiveButtons(model);
    this.lastEvent = h("div", { class: "jq-words" });
    this.source = h("div", { class: "jq-source" }); // the line of the learner's code that made it
    this.detail = h("div", { class: "jq-detail" }); // the followed job, or how many jobs are where
    this.spoken = h("div", { class: "jq-spoken", role: "status", "aria-live": "polite" });
    this.lastSpoken = 0;
    this.resized = true; // since the last frame
    this.request = 0; // the frame that is to be drawn next, 0 if nothing moves
    this.lastFrame = 0;
    this.root = this.#putTogether();
    this.#listen();
    this.controls.fill();
    this.#describe(false);
    if (model.get("autoplay") && !this.stage.calm.matches) this.player.toggle();
    this.#wake();
  }

  #putTogether() {
    const { controls, canvas, scrubber, lastEvent, source, detail, timeline, spoken, live } = this;
    // Until the replay has the focus, keys go to JupyterLab: an arrow would select or fold cells. A screen reader, and
    // whoever comes by Tab, has the focus first.
    const keys = h("div", { class: "jq-keys", "aria-hidden": "true" }, KEYS);
    const said = h("div", { class: "jq-said" }, lastEvent, keys);
    const parts = [controls.element, canvas, scrubber.element, said, detail, timeline.element, spoken];
    if (this.record.hasLines) parts.splice(parts.indexOf(detail), 0, source);
    if (live) parts.unshift(live.element);
    const root = h("div", { class: "jq-replay", role: "group", "aria-label": this.model.get("words") }, ...parts);
    // Without this, JupyterLab would handle the keys: an arrow would go to another cell. It looks only at the element
    // that has the focus, not at its parents.
    for (const own of root.querySelectorAll("button, select, input, canvas, .jq-detail")) {
      own.dataset.lmSuppressShortcuts = "true";
    }
    root.classList.toggle("jq-empty", this.#isEmpty);
    return root;
  }

  #listen() {
    this.root.addEventListener("keydown", (event) => this.controls.onKey(event));
    this.root.addEventListener("click", (event) => {
      if (!event.target.closest("button, select, input")) this.canvas.focus({ preventScroll: true });
    });
    this.canvas.addEventListener("pointermove", (event) => {
      const job = this.#jobAt(event);
      this.canvas.style.cursor = job < 0 ? "" : "pointer";
      if (job !== this.stage.hovered) this.#hover(job);
    });
    this.canvas.addEventListener("pointerleave", () => this.#hover(-1));
    this.canvas.addEventListener("click", (event) => {
      const job = this.#jobAt(event);
      this.controls.follow.value = String(job);
      this.#follow(job);
    });
    this.onEvents = () => this.#grow();
    this.model.on("msg:custom", this.onEvents);
    const redraw = () => this.#redraw();
    this.size = new ResizeObserver(redraw);
    this.size.observe(this.root);
    // JupyterLab sets these attributes while it hides the page to change its theme. The next frame shows it again.
    // A book has its theme in data-theme, or follows the system.
    this.later = () => requestAnimationFrame(redraw);
    this.theme = new MutationObserver(this.later);
    for (const part of [document.documentElement, document.body]) this.theme.observe(part, { attributeFilter: THEMES });
    DARK_SYSTEM.addEventListener("change", this.later);
  }

  close() {
    cancelAnimationFrame(this.request);
    this.model.off("msg:custom", this.onEvents);
    this.size.disconnect();
    this.theme.disconnect();
    DARK_SYSTEM.removeEventListener("change", this.later);
    this.live?.close();
  }

  get #isEmpty() {
    return !this.record.live && this.record.events.length === 0;
  }

  // --- what the user does

  #go(move) {
    this.player.go(move);
    this.#describe(true);
    this.#wake();
  }

  #toggle() {
    this.player.toggle();
    this.#describe(true);
    this.#wake();
  }

  #follow(job) {
    this.stage.followed = job;
    this.#reserveStory();
    this.#wake();
  }

  #hover(job) {
    this.stage.hovered = job;
    this.#wake();
  }

  /** Return the job under the pointer, -1 if there is none. */
  #jobAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const scale = this.canvas.clientWidth / box.width; // not 1 where the page is zoomed, as on a slide
    return this.stage.jobAt(scale * (event.clientX - box.left), scale * (event.clientY - box.top));
  }

  // --- what happens without the user

  /** Show the events that were added to the record. */
  #grow() {
    this.controls.fill();
    this.root.classList.toggle("jq-empty", this.#isEmpty);
    this.player.grow();
    if (this.player.following || this.player.count === 0) this.#describe(false);
    this.#redraw();
  }

  #redraw() {
    this.resized = true;
    this.#wake();
  }

  /** Fit everything to the width that there is. */
  #fit() {
    this.resized = false;
    this.stage.resize();
    this.scrubber.drawDensity();
    this.timeline.draw();
    this.#reserve();
    this.#reserveStory();
  }

  /** Keep as many lines for what changes as the longest of it needs, so that nothing below jumps. */
  #reserve() {
    const { record, lastEvent, source } = this;
    const longest = (texts) => texts.reduce((most, text) => (text.length > most.length ? text : most), "");
    const said = record.events.slice(0, 5000).map((_, index) => record.describeEvent(index));
    for (const [element, texts] of [
      [lastEvent, said],
      [source, record.events.map(({ line }) => line ?? "")],
    ]) {
      if (element.clientWidth) element.style.minHeight = `${1.4 * linesOf(longest(texts), element)}em`;
    }
  }

  /** Keep room for the whole story of the followed job: nothing below jumps while it grows. */
  #reserveStory() {
    const { detail, stage } = this;
    detail.style.height = "";
    detail.removeAttribute("tabindex");
    if (stage.followed < 0) return;
    detail.textContent = this.#storyOf(stage.followed, this.record.events.length);
    detail.style.height = `${detail.scrollHeight}px`; // at most what the style sheet allows
    if (detail.scrollHeight > detail.clientHeight) detail.tabIndex = 0; // to scroll it with the keys
    detail.textContent = ""; // the next frame tells the story so far
  }

  /** Ask for a frame. Frames are drawn only while something moves. */
  #wake() {
    if (!this.request) this.request = requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now) {
    if (this.resized) this.#fit();
    const elapsed = Math.min(0.1, this.lastFrame ? (now - this.lastFrame) / 1000 : 0.016);
    const { playing } = this.player;
    const goesOn = this.player.tick(elapsed);
    if (playing) this.#describe(!this.player.playing);
    const travelling = this.#show(elapsed);
    this.request = 0;
    this.lastFrame = now;
    if (travelling || goesOn) this.#wake();
    else this.lastFrame = 0;
  }

  // --- what is shown

  /** Describe the last event; have it read out at once when the user steps, and now and then while it plays. */
  #describe(aloud) {
    const { record, player } = this;
    const { count } = player;
    const nothing = `${record.formatTime(record.start)} · ${record.words.nothing}`;
    const words = count ? record.describeEvent(count - 1) : nothing;
    const line = (count && record.events[count - 1].line) || "";
    this.lastEvent.textContent = words;
    this.source.textContent = line;
    this.root.dataset.count = count; // for tests, which see the page only from outside
    this.root.dataset.time = player.time;
    if (aloud || performance.now() - this.lastSpoken > QUIET) {
      this.spoken.textContent = line ? `${words} · ${line}` : words;
      this.lastSpoken = performance.now();
    }
  }

  /** Show the instant. Return whether a job is still travelling. */
  #show(elapsed) {
    const { record, player, stage, detail } = this;
    if (!stage.width) return false;
    const travelling = stage.draw(player.time, elapsed);
    this.scrubber.show(player);
    this.controls.show();
    this.timeline.show(player.time);
    const counts = this.#describeCounts();
    const job = stage.hovered >= 0 ? stage.hovered : stage.followed;
    this.timeline.follow(job);
    const words = job >= 0 ? this.#storyOf(job, player.count) : counts;
    if (detail.textContent !== words) {
      detail.textContent = words;
      detail.scrollTop = detail.scrollHeight; // the newest part is at the end
    }
    this.canvas.setAttribute("aria-label", `The queue at ${record.formatTime(player.time)}. ${counts}`);
    return travelling;
  }

  /** Tell what happened to a job in the first `count` events. */
  #storyOf(job, count) {
    return `${this.record.nameOf(job)}: ${this.record.describeJob(job, count)}`;
  }

  /** Describe how many jobs are where: "queue: 3 · completed: 12". */
  #describeCounts() {
    const { words } = this.record;
    const { queue, heldBack, running, completed, failed } = this.stage.places;
    const counts = [
      [heldBack.length, words.heldBack],
      [queue.length, words.queue],
      [running.size, words.workers],
      [completed.length, words.completed],
      [failed.length, words.failed],
    ];
    const parts = counts.filter(([count]) => count).map(([count, name]) => `${name}: ${count.toLocaleString("en")}`);
    if (this.stage.hidden) parts.push(`${this.stage.hidden.toLocaleString("en")} more than can be drawn`);
    return parts.join(" · ");
  }
}

export function initialize({ model }) {
  const record = recordOf(model);
  model.on("msg:custom", ({ events, now }) => {
    record.add(events);
    record.synchronize(now);
  });
}

export function render({ model, el }) {
  const view = new View(model);
  el.append(view.root);
  return () => view.close();
}

export default { initialize, render };
