// Draws a scene on a canvas, and lets jobs travel from place to place.

import { labelOf, needsOf } from "./labels.js";
import { arrangeJobs, arrangeWorkers, placeBoxes, TITLE } from "./layout.js";
import { Tokens } from "./token.js";
import { formatRunning, formatShare } from "./words.js";

const NOW = "#d55e00"; // marks the job of the last event
const TRAVEL = 0.09; // seconds in which a travelling job covers about two thirds of its way
const SHARPEST = 4; // pixels of the canvas for one of the page, at most: there are pages that are zoomed
const LOOK_OF_PLACE = { heldBack: "backing off", queue: "waiting", workers: "processing" };

/** The jobs that are `followed` and `hovered` stand out; -1 is none. */
export class Stage {
  constructor(canvas, record, scene) {
    Object.assign(this, { canvas, record, scene, followed: -1, hovered: -1 });
    this.at = new Map(); // job → {x, y, size} where it is drawn now
    this.spots = []; // where the jobs are to be, as arranged in layout.js
    this.drawnBefore = false;
    this.context = canvas.getContext("2d");
    this.tokens = new Tokens(this.context, record.looks);
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** Fit the canvas to its width on the page and to what the record needs, sharp on dense screens and zoomed pages. */
  resize() {
    this.font = getComputedStyle(this.canvas).fontFamily;
    this.width = this.canvas.clientWidth;
    if (!this.width) return;
    this.needs = needsOf(this.record, (words) => this.#measure(words));
    this.plan = placeBoxes(this.width, this.needs);
    this.height = Math.ceil(this.plan.height);
    this.canvas.style.height = `${this.height}px`;
    const zoom = this.canvas.getBoundingClientRect().width / this.width;
    const density = Math.min(SHARPEST, Math.max(1, zoom) * (window.devicePixelRatio || 1));
    const [width, height] = [Math.round(this.width * density), Math.round(this.height * density)];
    if (this.canvas.width === width && this.canvas.height === height) return;
    Object.assign(this.canvas, { width, height });
    this.context.setTransform(density, 0, 0, density, 0, 0);
  }

  #measure(words, size = 13) {
    this.context.font = `${size}px ${this.font}`;
    return this.context.measureText(words).width;
  }

  /** Draw the scene as it is at `time`, `elapsed` seconds of real time after the last drawing.
   * Return whether a job is still travelling. */
  draw(time, elapsed) {
    const style = getComputedStyle(this.canvas);
    this.ink = style.color;
    this.paper = style.backgroundColor;
    Object.assign(this.tokens, { ink: this.ink, paper: this.paper, font: this.font });
    const { needs } = this;
    const { boxes } = this.plan;
    const places = this.scene.places(time);
    this.context.clearRect(0, 0, this.width, this.height);

    this.places = places;
    this.hidden = 0; // how many jobs are not drawn: more than fit
    this.#drawApi(boxes.api);
    this.spots = this.#drawWorkers(boxes.workers, places.running, time);
    for (const place of ["heldBack", "queue", "completed", "failed"]) {
      if (!boxes[place]) continue;
      const { spots, hidden } = arrangeJobs(places[place], boxes[place], needs[place]);
      this.spots.push(...spots);
      this.hidden += hidden;
      this.#drawPlace(boxes[place], place, places[place].length.toLocaleString("en"));
    }
    const travelling = this.#travel(boxes.api, elapsed);
    for (const spot of this.spots) this.#drawJob(spot, time);
    for (const spot of this.spots) this.#drawMark(spot);
    return travelling;
  }

  /** Move each job nearer to its spot. One that was not drawn before starts at the API, or where it is. */
  #travel(api, elapsed) {
    const share = this.calm.matches ? 1 : 1 - Math.exp(-elapsed / TRAVEL);
    const moved = new Map();
    let travelling = false;
    for (const spot of this.spots) {
      const { status } = this.scene.eventOf(spot.job);
      const fresh = status === "pending" && !this.calm.matches && this.drawnBefore;
      const start = fresh ? { x: api.x + api.w / 2, y: api.y + api.h / 2, size: 10 } : spot;
      const from = this.at.get(spot.job) ?? { x: start.x, y: start.y, size: start.size };
      const now = {};
      for (const what of ["x", "y", "size"]) {
        const left = spot[what] - from[what];
        now[what] = Math.abs(left) < 0.5 ? spot[what] : from[what] + share * left;
        if (now[what] !== spot[what]) travelling = true;
      }
      moved.set(spot.job, now);
    }
    this.at = moved;
    this.drawnBefore = true;
    return travelling;
  }

  /** Return the job at a point of the canvas, -1 if there is none. */
  jobAt(x, y) {
    let found = -1;
    for (const { job, row } of this.spots) {
      const { x: left, y: top, size } = this.at.get(job);
      const half = Math.max(6, size / 2 + 2);
      if (x >= left - half && x <= left + half + (row ?? 0) && Math.abs(y - top) <= half) found = job;
    }
    return found;
  }

  /** Write words, shortened to the room there is, in pixels. Return their width. */
  #text(words, x, y, { size = 13, align = "left", weight = 400, colour = this.ink, room = Infinity } = {}) {
    const c = this.context;
    c.font = `${weight} ${size}px ${this.font}`;
    c.textAlign = align;
    c.textBaseline = "middle";
    c.fillStyle = colour;
    let shown = words;
    while (shown.length > 2 && c.measureText(shown).width > room) shown = `${shown.slice(0, -2)}…`;
    c.fillText(shown, x, y);
    return c.measureText(shown).width;
  }

  #frame(box, alpha = 0.55) {
    const c = this.context;
    c.globalAlpha = alpha;
    c.strokeStyle = this.ink;
    c.lineWidth = 1;
    c.beginPath();
    c.roundRect(box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1, 6);
    c.stroke();
    c.globalAlpha = 1;
  }

  /** Draw a place: its frame, its title, and the bar that its jobs have. */
  #drawPlace(box, place, count, short = count) {
    this.#frame(box);
    const title = this.record.words[place];
    const y = box.y + TITLE / 2 + 0.5;
    this.tokens.bar({ x: box.x + 9, y: y - 2, w: 12, h: 4 }, LOOK_OF_PLACE[place] ?? place);
    const room = box.w - 46 - this.#measure(title);
    const shown = this.#measure(count) <= room ? count : short;
    const wide = this.#text(shown, box.x + box.w - 9, y, { align: "right" });
    this.#text(title, box.x + 27, y, { weight: 600, room: box.w - wide - 44 });
  }

  #drawApi(box) {
    this.#frame(box);
    const { api, came } = this.record.words;
    const count = this.scene.enqueued.toLocaleString("en");
    if (box.h < 50) {
      const y = box.y + box.h / 2 + 0.5;
      this.#text(api, box.x + 9, y, { weight: 600, room: box.w / 2 });
      this.#text(`${count} ${came}`, box.x + box.w - 9, y, { align: "right", room: box.w / 2 });
      return;
    }
    const [x, middle] = [box.x + box.w / 2, box.y + box.h / 2];
    this.#text(api, x, box.y + TITLE / 2 + 0.5, { weight: 600, align: "center", room: box.w - 8 });
    this.#text(count, x, middle - 6, { size: 24, align: "center" });
    this.#text(came, x, middle + 16, { align: "center", room: box.w - 8 });
  }

  /** Draw the workers, each with its job and how far it is. Return the spots of the running jobs. */
  #drawWorkers(box, running, time) {
    const { workers } = this.record;
    const busy = `${running.size} of ${workers.length}`;
    this.#drawPlace(box, "workers", workers.length ? `${busy} busy` : busy, busy);
    const { lanes, wide, tall } = arrangeWorkers(workers, running, box, this.needs.workers);
    return lanes.flatMap((lane) => this.#drawLane(lane, running.get(lane.worker), { wide, tall, time }));
  }

  /** Draw a worker. Return the spot of its job, if it has one, in a list. */
  #drawLane(lane, job, { wide, tall, time }) {
    const idle = job === undefined;
    this.#frame(lane, idle ? 0.5 : 0.75);
    const middle = lane.y + lane.h / 2;
    if (!wide) return idle ? [] : [{ job, x: lane.x + lane.w / 2, y: middle, size: 18 }];
    if (tall) this.#text(lane.worker, lane.x + 7, lane.y + 12, { size: 12, room: lane.w - 80 });
    if (idle) {
      const words = tall ? "idle" : `${lane.worker} idle`;
      this.#text(words, lane.x + 7, tall ? lane.y + 33 : middle, { size: 12, room: lane.w - 14 });
      return [];
    }
    if (tall) this.#text(this.#elapsedOf(job, time), lane.x + lane.w - 7, lane.y + 12, { size: 12, align: "right" });
    this.#drawProgress(job, { x: lane.x + 36, y: lane.y + lane.h - 6, w: lane.w - 42, h: 3 });
    return [{ job, x: lane.x + 18, y: tall ? lane.y + 34 : middle, size: 22, row: lane.w - 40 }];
  }

  /** Return an attempt's progress in words, if its handler reports any, and how long it has taken: "50 % · 1.5 s". */
  #elapsedOf(job, time) {
    const event = this.scene.eventOf(job);
    const taken = formatRunning(Math.max(0, time - this.record.events[event.started].at));
    return event.progress === null ? taken : `${formatShare(event.progress)} · ${taken}`;
  }

  /** Draw a bar for how far an attempt is, if its handler reports that: nobody else knows. */
  #drawProgress(job, bar) {
    const c = this.context;
    const event = this.scene.eventOf(job);
    if (!this.record.events[event.started].reports) return;
    c.fillStyle = this.ink;
    c.globalAlpha = 0.08;
    c.fillRect(bar.x, bar.y, bar.w, bar.h);
    c.globalAlpha = 1;
    c.fillStyle = this.record.looks.processing;
    c.fillRect(bar.x, bar.y, bar.w * (event.progress ?? 0), bar.h);
  }

  /** Draw a job and, if it is in a row, its name. */
  #drawJob({ job, size, row }, time) {
    const event = this.scene.eventOf(job);
    const at = this.at.get(job);
    this.tokens.draw(at, {
      id: this.record.jobs[job].id,
      look: this.scene.lookOf(job, time),
      signed: row !== undefined,
      failedBefore: event.attempt > 1 || (event.attempt === 1 && event.move === "retry"),
      left: event.due > event.at ? Math.min(1, Math.max(0, (event.due - time) / (event.due - event.at))) : 0,
    });
    if (!row || Math.abs(at.size - size) >= 3) return;
    const parts = labelOf(this.record, event, time);
    while (parts.length > 1 && this.#measure(parts.join(" · ")) > row) parts.pop();
    this.#text(parts.join(" · "), at.x + at.size / 2 + 7, at.y - 1, { room: row });
  }

  /** Mark a job that somebody follows or points at, and that of the last event; name it if its card is too small. */
  #drawMark({ job }) {
    const last = this.scene.count ? this.record.events[this.scene.count - 1].job : -1;
    const marked = job === this.followed || job === this.hovered;
    if (!marked && job !== last) return;
    const { x, y, size } = this.at.get(job);
    const c = this.context;
    c.strokeStyle = marked ? this.ink : NOW;
    c.lineWidth = 2;
    c.beginPath();
    c.roundRect(x - size / 2 - 2.5, y - size / 2 - 2.5, size + 5, size + 5, size >= 17 ? 6 : 3);
    c.stroke();
    if (marked && size < 17) this.#drawTag(`#${this.record.jobs[job].id}`, x, y - size / 2 - 12);
  }

  #drawTag(words, x, y) {
    const c = this.context;
    const w = this.#measure(words, 12) + 8;
    const left = Math.min(Math.max(x - w / 2, 1), this.width - w - 1);
    c.fillStyle = this.paper;
    c.beginPath();
    c.roundRect(left, y - 8, w, 16, 4);
    c.fill();
    this.#frame({ x: left, y: y - 8, w, h: 16 }, 0.75);
    this.#text(words, left + 4, y + 0.5, { size: 12 });
  }
}
