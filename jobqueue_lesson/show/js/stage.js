// Draws a scene on a canvas, and lets jobs travel from place to place.

import { arrangeJobs, arrangeWorkers, placeBoxes } from "./layout.js";
import { formatDuration, formatShare } from "./words.js";

const FONT = "system-ui, 'DejaVu Sans', sans-serif";
const DARK = "#1a1a1a"; // on a job's own colour, in either theme
const NOW = "#d55e00"; // marks the job of the last event
const TRAVEL = 0.09; // seconds in which a travelling job covers about two thirds of its way

/** The jobs that are `followed` and `hovered` stand out; -1 is none. */
export class Stage {
  constructor(canvas, record, scene) {
    Object.assign(this, { canvas, record, scene, followed: -1, hovered: -1 });
    this.at = new Map(); // job → {x, y, size} where it is drawn now
    this.spots = []; // where the jobs are to be, as arranged in layout.js
    this.drawnBefore = false;
    this.context = canvas.getContext("2d");
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** Fit the canvas to its box on the page, sharp on dense screens. */
  resize() {
    const density = window.devicePixelRatio || 1;
    this.width = this.canvas.clientWidth;
    this.height = this.canvas.clientHeight;
    this.canvas.width = Math.round(this.width * density);
    this.canvas.height = Math.round(this.height * density);
    this.context.setTransform(density, 0, 0, density, 0, 0);
  }

  /** Draw the scene as it is at `time`, `elapsed` seconds of real time after the last drawing.
   * Return whether a job is still travelling. */
  draw(time, elapsed) {
    const style = getComputedStyle(this.canvas);
    this.ink = style.color;
    this.paper = style.backgroundColor;
    const { record } = this;
    const places = this.scene.places(time);
    const boxes = placeBoxes(this.width, this.height, record.peak.heldBack > 0);
    this.context.clearRect(0, 0, this.width, this.height);

    this.places = places;
    this.hidden = 0; // how many jobs are not drawn: more than fit
    this.drawApi(boxes.api);
    this.spots = this.drawWorkers(boxes.workers, places.running, time);
    for (const place of ["heldBack", "queue", "completed", "failed"]) {
      if (place === "heldBack" && !record.peak.heldBack) continue;
      const { spots, hidden } = arrangeJobs(places[place], boxes[place], record.peak[place]);
      this.spots.push(...spots);
      this.hidden += hidden;
      this.drawPlace(boxes[place], record.words[place], places[place].length.toLocaleString("en"));
    }
    const travelling = this.travel(boxes.api, elapsed);
    for (const spot of this.spots) this.drawJob(spot, time);
    return travelling;
  }

  /** Move each job nearer to its spot. One that was not drawn before starts at the API, or where it is. */
  travel(api, elapsed) {
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
  text(words, x, y, size = 13, align = "left", colour = this.ink, room = Infinity) {
    const c = this.context;
    c.font = `${size}px ${FONT}`;
    c.textAlign = align;
    c.textBaseline = "middle";
    c.fillStyle = colour;
    let shown = words;
    while (shown.length > 2 && c.measureText(shown).width > room) shown = `${shown.slice(0, -2)}…`;
    c.fillText(shown, x, y);
    return c.measureText(shown).width;
  }

  frame(box, alpha = 0.55) {
    const c = this.context;
    c.globalAlpha = alpha;
    c.strokeStyle = this.ink;
    c.lineWidth = 1;
    c.beginPath();
    c.roundRect(box.x + 0.5, box.y + 0.5, box.w - 1, box.h - 1, 6);
    c.stroke();
    c.globalAlpha = 1;
  }

  drawPlace(box, title, count) {
    this.frame(box);
    const wide = this.text(count, box.x + box.w - 8, box.y + 13, 13, "right");
    this.text(title, box.x + 8, box.y + 13, 13, "left", this.ink, box.w - wide - 20);
  }

  drawApi(box) {
    this.frame(box);
    const { words } = this.record;
    const x = box.x + box.w / 2;
    this.text(words.api, x, box.y + 13, 13, "center", this.ink, box.w - 6);
    this.text(this.scene.enqueued.toLocaleString("en"), x, box.y + box.h / 2 - 10, 22, "center");
    this.text(words.came, x, box.y + box.h / 2 + 12, 12, "center", this.ink, box.w - 6);
  }

  /** Draw the workers, each with its job and how far it is. Return the spots of the running jobs. */
  drawWorkers(box, running, time) {
    const { workers, words } = this.record;
    const busy = `${running.size} of ${workers.length}`;
    this.drawPlace(box, words.workers, box.w < 170 || !workers.length ? busy : `${busy} busy`);
    const { lanes, wide, tall } = arrangeWorkers(workers, running, box);
    const spots = [];
    for (const lane of lanes) {
      this.frame(lane, running.has(lane.worker) ? 0.75 : 0.5);
      const job = running.get(lane.worker);
      const middle = lane.y + lane.h / 2;
      if (tall) this.text(lane.worker, lane.x + 6, lane.y + 11, 12, "left", this.ink, lane.w - 100);
      if (job === undefined) {
        if (wide) this.text(tall ? "idle" : `${lane.worker} idle`, lane.x + 6, tall ? lane.y + 33 : middle, 12);
      } else if (wide) {
        if (tall) this.text(this.elapsedOf(job, time), lane.x + lane.w - 6, lane.y + 11, 12, "right");
        spots.push({ job, x: lane.x + 17, y: tall ? lane.y + 33 : middle - 3, size: 22, row: lane.w - 36 });
        this.drawProgress(job, { x: lane.x + 4, y: lane.y + lane.h - 8, w: lane.w - 8, h: 5 });
      } else {
        spots.push({ job, x: lane.x + lane.w / 2, y: middle, size: 20 });
      }
    }
    return spots;
  }

  /** Return an attempt's progress in words, if its handler reports any, and how long it has taken: "50 % · 1.5 s". */
  elapsedOf(job, time) {
    const event = this.scene.eventOf(job);
    const taken = formatDuration(Math.max(0, time - this.record.events[event.started].at));
    return event.progress === null ? taken : `${formatShare(event.progress)} · ${taken}`;
  }

  /** Draw a bar for how far an attempt is, if its handler reports that: nobody else knows. */
  drawProgress(job, bar) {
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

  /** Draw a job: its token, its number, a frame if it is marked, and its name if it is in a row. */
  drawJob(spot, time) {
    const { job } = spot;
    const { x, y, size } = this.at.get(job);
    const look = this.scene.lookOf(job, time);
    const event = this.scene.eventOf(job);
    this.drawToken(x, y, size, look, event, time);
    if (size >= 17) this.drawNumber(job, x, y, look);
    const last = this.scene.count ? this.record.events[this.scene.count - 1].job : -1;
    const marked = job === this.followed || job === this.hovered;
    if (marked || job === last) {
      const c = this.context;
      c.strokeStyle = marked ? this.ink : NOW;
      c.lineWidth = 2;
      c.strokeRect(x - size / 2 - 2, y - size / 2 - 2, size + 4, size + 4);
    }
    if (spot.row && Math.abs(size - spot.size) < 3) {
      this.text(this.describe(job, look, event, time), x + size / 2 + 6, y, 13, "left", this.ink, spot.row - 6);
    }
  }

  /** Describe a job in its row: "flaky-api · in 1.5 s · attempt 2". */
  describe(job, look, event, time) {
    const parts = [this.record.jobs[job].type];
    if (look === "backing off" || look === "delayed") parts.push(`in ${formatDuration(event.due - time)}`);
    if (event.priority) parts.push(`priority ${event.priority}`);
    const attempt = this.scene.attemptOf(job);
    if (attempt > 1 && look !== "completed") parts.push(`attempt ${attempt}`);
    if (look === "processing" && event.note) parts.push(event.note);
    return parts.join(" · ");
  }

  /** Draw a job's token: its state can be told by shape and hatch, without the colour. */
  drawToken(x, y, size, look, event, time) {
    const c = this.context;
    const half = size / 2;
    c.fillStyle = look === "failed" ? this.ink : this.record.looks[look];
    c.beginPath();
    if (look === "completed") c.arc(x, y, half, 0, 7);
    else c.roundRect(x - half, y - half, size, size, Math.min(4, size / 5));
    c.fill();
    if (look === "backing off" || look === "delayed") this.drawWait(x, y, size, event, time);
    const again = event.move === "retry" || event.move === "revive";
    if (event.attempt > 1 || (event.attempt === 1 && again)) this.drawCorner(x, y, half);
  }

  /** Outline a token, which is too pale to stand out by itself, and darken what is left of its wait, like a clock. */
  drawWait(x, y, size, event, time) {
    const c = this.context;
    c.strokeStyle = this.ink;
    c.lineWidth = 1;
    c.stroke();
    const whole = event.due - event.at;
    const left = whole ? (event.due - time) / whole : 0;
    c.save();
    c.clip();
    c.fillStyle = "rgba(0, 0, 0, 0.28)";
    c.beginPath();
    c.moveTo(x, y);
    c.arc(x, y, size, -Math.PI / 2, -Math.PI / 2 + 2 * Math.PI * left);
    c.fill();
    c.restore();
  }

  /** Mark the corner of a job that has failed before. */
  drawCorner(x, y, half) {
    const c = this.context;
    c.fillStyle = this.record.looks["failed attempt"];
    c.beginPath();
    c.moveTo(x + half, y - half);
    c.lineTo(x + half, y);
    c.lineTo(x, y - half);
    c.fill();
    c.strokeStyle = DARK; // stands out from the corner and from every state's colour
    c.lineWidth = 1;
    c.beginPath();
    c.moveTo(x + half, y);
    c.lineTo(x, y - half);
    c.stroke();
  }

  drawNumber(job, x, y, look) {
    const colour = look === "processing" ? "#ffffff" : look === "failed" ? this.paper : DARK;
    const id = String(this.record.jobs[job].id);
    if (id.length <= 3) this.text(id, x, y + 0.5, id.length > 2 ? 10 : 12, "center", colour); // more does not fit
  }
}
