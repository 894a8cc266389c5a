// The replay: plays the record of a queue, forwards and backwards.
//
//   Record   what happened: the events, in order, as `JobEvent`s came from Python
//   Scene    where every job is after so many events, at a given time
//   Stage    draws a scene on a canvas, and lets jobs travel from place to place
//   Player   which instant is shown: play, pause, step, scrub, follow what is happening now
//   render   the controls, put together; called by anywidget once for each view
//
// Everything here runs in the browser. The kernel is asked for nothing while a record is played.

// ---------------------------------------------------------------- time and events in words

/** Say a length of time in the unit that reads best: "20 ms", "1.5 s". The same as `in_words` in style.py. */
function inWords(seconds) {
  if (Math.abs(seconds) < 0.9995) return `${Number((1000 * seconds).toPrecision(3))} ms`;
  return `${Number(seconds.toPrecision(Math.abs(seconds) < 1e4 ? 4 : 6))} s`;
}

function errorInWords([, type, message]) {
  return type ? `${type}: ${message}` : message;
}

/** Say a share: "50 %". Only what is all is 100 %. */
function percent(fraction) {
  return `${fraction < 1 ? Math.min(99, Math.round(100 * fraction)) : 100} %`;
}

/** Say what one event did to its job: "picked up by worker-1, attempt 2". */
function moveInWords(event, words) {
  switch (event.move) {
    case "enqueue": {
      const parts = [words.enqueue];
      if (event.priority) parts.push(`priority ${event.priority}`);
      if (event.due > event.at) parts.push(`due in ${inWords(event.due - event.at)}`);
      return parts.join(", ");
    }
    case "dequeue":
      return `${words.dequeue} ${event.worker}` + (event.attempt > 1 ? `, attempt ${event.attempt}` : "");
    case "retry":
      return `attempt ${event.attempt} failed (${errorInWords(event.error)}), again in ${inWords(event.due - event.at)}`;
    case "fail":
      return `${words.fail} (${errorInWords(event.error)})`;
    case "release":
      return "put back";
    case "progress":
      return `${words.progress} ${percent(event.progress)}` + (event.note ? `, ${event.note}` : "");
    default:
      return words[event.move] ?? event.move;
  }
}

// ---------------------------------------------------------------- what happened

class Record {
  constructor(json) {
    Object.assign(this, json); // name, start, end, origin, aging, looks, words; live, now
    this.events = [];
    this.jobs = []; // {id, type}, in the order in which they came
    this.workers = [];
    this.unfinished = 0; // jobs that are pending or processing at the end
    this.jobAt = new Map(); // id → index in this.jobs
    this.lastOf = []; // index of each job's last event
    this.add(json.events);
    this.synchronize(json.now);
  }

  /** Note what the queue's clock shows now. */
  synchronize(now) {
    this.ahead = now - performance.now() / 1000;
  }

  /** What the queue's clock shows now, in seconds. */
  present() {
    return performance.now() / 1000 + this.ahead;
  }

  /** Take in events, in order of time: lists of the fields of a `JobEvent`. */
  add(rows) {
    for (const [at, move, id, type, status, attempt, priority, due, worker, error, progress, note] of rows) {
      if (!this.jobAt.has(id)) {
        this.jobAt.set(id, this.jobs.length);
        this.jobs.push({ id, type });
        this.lastOf.push(-1);
      }
      const job = this.jobAt.get(id);
      const index = this.events.length;
      const prev = this.lastOf[job];
      const first = this.events[index - 1]?.at === at ? this.events[index - 1].first : index; // of this instant
      const event = { at, move, job, status, attempt, priority, due, worker, error, progress, note, prev, first };
      this.events.push(Object.assign(event, { next: -1, begun: move === "progress" ? this.events[prev].begun : index }));
      if (prev >= 0) this.events[prev].next = index;
      const before = this.events[this.events[prev]?.begun]; // the move that began what now ends, or goes on
      if (before && move === "progress") before.reports = true;
      else if (before) before.ends = at;
      this.lastOf[job] = index;

      const ended = (state) => state === "completed" || state === "failed";
      this.unfinished += (ended(status) ? 0 : 1) - (prev < 0 || ended(this.events[prev].status) ? 0 : 1);
      if (move === "dequeue" && !this.workers.includes(worker)) {
        this.workers.push(worker);
        this.workers.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
      }
      if (index === 0) this.start = at;
      if (index === 0 && this.live) this.origin = at;
      this.end = Math.max(this.end, at);
    }
    this.most = this.findMost();
  }

  /** Find how many jobs were in each place at most, so that a place can be laid out once for the whole record. */
  findMost() {
    const changes = { heldBack: [], queue: [] };
    const ended = { completed: 0, failed: 0 }; // and never thrown away: the most there can be
    const stay = (place, from, to) => from < to && changes[place].push([from, 1], [to, -1]);
    for (const { at, status, due, next } of this.events) {
      const left = next < 0 ? Infinity : this.events[next].at;
      if (status === "pending") {
        stay("heldBack", at, Math.min(due, left));
        stay("queue", Math.max(at, due), left === at ? at + 1e-9 : left); // taken at once: it was there all the same
      } else if (status in ended) ended[status] += 1;
    }
    const most = { ...ended };
    for (const [place, list] of Object.entries(changes)) {
      let here = (most[place] = 0);
      list.sort(([t, up], [u, down]) => t - u || down - up);
      for (const [, change] of list) most[place] = Math.max(most[place], (here += change));
    }
    return most;
  }

  /** Count the events up to a time. */
  countAt(time) {
    let low = 0;
    let high = this.events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.events[middle].at <= time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  clock(time) {
    return inWords(time - this.origin);
  }

  named(job) {
    return `#${this.jobs[job].id} ${this.jobs[job].type}`;
  }

  /** Say one event: "20 ms · job #2 resize-image picked up by worker-1". */
  say(index) {
    const event = this.events[index];
    return `${this.clock(event.at)} · ${this.words.job} ${this.named(event.job)} ${moveInWords(event, this.words)}`;
  }

  /** Say all that is known of a job after `count` events. */
  story(job, count) {
    const moves = [];
    for (let i = this.lastOf[job]; i >= 0; i = this.events[i].prev) {
      if (i < count) moves.unshift(`${this.clock(this.events[i].at)} ${moveInWords(this.events[i], this.words)}`);
    }
    return moves.length ? moves.join(" → ") : "not here yet";
  }
}

// ---------------------------------------------------------------- where every job is

/** The jobs, by place, after `count` events. The time tells who is still held back, and how far an attempt is. */
class Scene {
  constructor(record) {
    this.record = record;
    this.count = 0;
    this.last = []; // index of each job's last event among the first `count`, -1 before its first
  }

  seek(count) {
    const { events } = this.record;
    while (this.count < count) this.last[events[this.count].job] = this.count++;
    while (this.count > count) {
      const event = events[--this.count];
      this.last[event.job] = event.prev;
    }
  }

  eventOf(job) {
    return this.record.events[this.last[job]];
  }

  /** Return lists of jobs: heldBack, queue (next one first), completed, failed; and who has which job in hand. */
  places(time) {
    const { events } = this.record;
    const places = { heldBack: [], queue: [], completed: [], failed: [], inHand: new Map() };
    for (let job = 0; job < this.last.length; job++) {
      const event = events[this.last[job] ?? -1];
      if (!event || event.move === "discard") continue;
      if (event.status === "processing") places.inHand.set(event.worker, job);
      else if (event.status !== "pending") places[event.status].push(job);
      else places[event.due > time ? "heldBack" : "queue"].push(job);
    }
    // The order in which the queue did hand them out; for those it never did, the order in which it would have.
    const turn = (event) => (event.next < 0 ? Infinity : event.next);
    const rank = (event) => this.record.aging * event.due - event.priority;
    places.queue.sort((a, b) => {
      const [x, y] = [this.eventOf(a), this.eventOf(b)];
      if (turn(x) !== turn(y)) return turn(x) - turn(y);
      return rank(x) - rank(y) || x.due - y.due || this.record.jobs[a].id - this.record.jobs[b].id;
    });
    places.heldBack.sort((a, b) => this.eventOf(a).due - this.eventOf(b).due || a - b);
    for (const ended of [places.completed, places.failed]) ended.sort((a, b) => this.last[a] - this.last[b]);
    return places;
  }

  /** Name how a job looks now: a key of `LOOKS` in style.py. */
  lookOf(job, time) {
    const event = this.eventOf(job);
    if (event.status === "pending" && event.due > time) return event.move === "retry" ? "backing off" : "delayed";
    return event.status === "pending" ? "waiting" : event.status;
  }
}

// ---------------------------------------------------------------- drawing

const FONT = "system-ui, 'DejaVu Sans', sans-serif";
const TITLE = 24; // height of a place's title
const ROW = 27; // height of a job that is drawn with its name
const DARK = "#1a1a1a"; // on a job's own colour, in either theme
const NOW = "#d55e00"; // marks the instant: its job here, its line on the timeline
const TRAVEL = 0.09; // seconds in which a travelling job covers about two thirds of its way

class Stage {
  constructor(canvas, record, scene) {
    Object.assign(this, { canvas, record, scene, followed: -1, hovered: -1 });
    this.at = new Map(); // job → {x, y, size} where it is drawn now
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

  /** Return the boxes of the places, in pixels. */
  boxes() {
    const { width: w, height: h } = this;
    const gap = Math.max(6, 0.014 * w);
    const [api, middle, workers] = w < 640 ? [0.12, 0.36, 0.31] : [0.11, 0.4, 0.29];
    const x1 = api * w + gap;
    const x2 = x1 + middle * w + gap;
    const x3 = x2 + workers * w + gap;
    const held = this.record.most.heldBack ? Math.round(0.45 * h) : 0;
    const failed = Math.round(0.36 * h);
    return {
      api: { x: 0, y: 0, w: api * w, h },
      heldBack: { x: x1, y: 0, w: middle * w, h: held - gap / 2 },
      queue: { x: x1, y: held ? held + gap / 2 : 0, w: middle * w, h: h - (held ? held + gap / 2 : 0) },
      workers: { x: x2, y: 0, w: workers * w, h },
      completed: { x: x3, y: 0, w: w - x3, h: h - failed - gap / 2 },
      failed: { x: x3, y: h - failed + gap / 2, w: w - x3, h: failed - gap / 2 },
    };
  }

  /** Put jobs into a box: in rows with their names if `most` of them fit, else as a grid. */
  arrange(jobs, box, most) {
    const inner = { x: box.x + 8, y: box.y + TITLE + 2, w: box.w - 16, h: box.h - TITLE - 4 };
    const spots = [];
    const rows = Math.floor(inner.h / ROW);
    const halves = most > rows && inner.w >= 330 ? 2 : 1;
    if (most <= rows * halves && inner.w > 110) {
      jobs.forEach((job, i) => {
        const x = inner.x + Math.floor(i / rows) * (inner.w / halves) + 11;
        spots.push({ job, x, y: inner.y + ((i % rows) + 0.5) * ROW, size: 22, row: inner.w / halves - 28 });
      });
      return { spots, hidden: 0 };
    }
    let cell = 26;
    const columns = () => Math.max(1, Math.floor(inner.w / cell));
    const room = () => columns() * Math.max(1, Math.floor(inner.h / cell));
    while (cell > 8 && room() < most) cell -= 1;
    const shown = jobs.slice(0, room());
    shown.forEach((job, i) => {
      const [column, line] = [i % columns(), Math.floor(i / columns())];
      spots.push({ job, x: inner.x + (column + 0.5) * cell, y: inner.y + (line + 0.5) * cell, size: cell - 3 });
    });
    return { spots, hidden: jobs.length - shown.length };
  }

  /** Draw the scene as it is at `time`; `elapsed` seconds on the wall since the last drawing.
   * Return whether a job is still on its way. */
  draw(time, elapsed) {
    const style = getComputedStyle(this.canvas);
    this.ink = style.color;
    this.paper = style.backgroundColor;
    const { context: c, record, scene } = this;
    const places = scene.places(time);
    const boxes = this.boxes();
    c.clearRect(0, 0, this.width, this.height);

    this.places = places;
    this.hidden = 0; // how many jobs are there and not drawn: more than fit in
    this.drawApi(boxes.api);
    const spots = this.drawWorkers(boxes.workers, places.inHand, time);
    for (const place of ["heldBack", "queue", "completed", "failed"]) {
      if (place === "heldBack" && !record.most.heldBack) continue;
      const { spots: here, hidden } = this.arrange(places[place], boxes[place], record.most[place]);
      spots.push(...here);
      this.hidden += hidden;
      this.drawPlace(boxes[place], record.words[place], places[place].length);
    }
    const moving = this.travel(spots, boxes.api, elapsed);
    for (const spot of spots) this.drawJob(spot, time);
    this.spots = spots;
    return moving;
  }

  /** Bring each job nearer to its spot. Who was not seen before starts at the API, or where it is. */
  travel(spots, api, elapsed) {
    const share = this.calm.matches ? 1 : 1 - Math.exp(-elapsed / TRAVEL);
    const seen = new Map();
    let moving = false;
    for (const spot of spots) {
      const status = this.scene.eventOf(spot.job).status;
      const fresh = status === "pending" && !this.calm.matches && this.drawnBefore;
      const start = fresh ? { x: api.x + api.w / 2, y: api.y + api.h / 2, size: 10 } : spot;
      const from = this.at.get(spot.job) ?? { x: start.x, y: start.y, size: start.size };
      const now = {};
      for (const what of ["x", "y", "size"]) {
        const left = spot[what] - from[what];
        now[what] = Math.abs(left) < 0.5 ? spot[what] : from[what] + share * left;
        if (now[what] !== spot[what]) moving = true;
      }
      seen.set(spot.job, now);
    }
    this.at = seen;
    this.drawnBefore = true;
    return moving;
  }

  /** Name the job at a point of the canvas, -1 if there is none. */
  jobAt(x, y) {
    let best = -1;
    for (const { job, row } of this.spots ?? []) {
      const { x: left, y: top, size } = this.at.get(job);
      const half = Math.max(6, size / 2 + 2);
      if (x >= left - half && x <= left + half + (row ?? 0) && Math.abs(y - top) <= half) best = job;
    }
    return best;
  }

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
    const wide = this.text(count.toLocaleString("en"), box.x + box.w - 8, box.y + 13, 13, "right");
    this.text(title, box.x + 8, box.y + 13, 13, "left", this.ink, box.w - wide - 20);
  }

  drawApi(box) {
    this.frame(box);
    const { record, scene } = this;
    const x = box.x + box.w / 2;
    this.text(record.words.api, x, box.y + 13, 13, "center", this.ink, box.w - 6);
    const came = scene.last.reduce((sum, last) => sum + (last >= 0), 0);
    this.text(came.toLocaleString("en"), x, box.y + box.h / 2 - 10, 22, "center");
    this.text(record.words.came, x, box.y + box.h / 2 + 12, 12, "center", this.ink, box.w - 6);
  }

  /** Draw the workers, each with its job and how far it is. Return where the jobs in hand are. */
  drawWorkers(box, inHand, time) {
    this.drawPlace(box, this.record.words.workers, this.record.workers.length);
    const { workers } = this.record;
    const spots = [];
    const inner = { x: box.x + 6, y: box.y + TITLE + 2, w: box.w - 12, h: box.h - TITLE - 6 };
    const wide = inner.h / Math.max(1, workers.length) >= 30;
    const height = wide ? Math.min(74, inner.h / workers.length) : 26;
    const columns = wide ? 1 : Math.max(1, Math.floor(inner.w / 26));
    const rows = Math.max(1, Math.floor(inner.h / height));
    const present = workers.length <= rows * columns ? workers : workers.filter((w) => inHand.has(w));
    present.slice(0, rows * columns).forEach((worker, i) => {
      const lane = {
        x: inner.x + (i % columns) * (inner.w / columns),
        y: inner.y + Math.floor(i / columns) * height,
        w: inner.w / columns - (wide ? 0 : 2),
        h: height - 4,
      };
      this.frame(lane, inHand.has(worker) ? 0.75 : 0.5);
      const job = inHand.get(worker);
      const middle = lane.y + lane.h / 2;
      const tall = wide && lane.h >= 44;
      if (tall) this.text(worker, lane.x + 6, lane.y + 11, 12, "left", this.ink, lane.w - 100);
      if (job === undefined) {
        if (wide) this.text(tall ? "idle" : `${worker} idle`, lane.x + 6, tall ? lane.y + 33 : middle, 12);
        return;
      }
      if (!wide) {
        spots.push({ job, x: lane.x + lane.w / 2, y: middle, size: 20 });
        return;
      }
      if (tall) this.text(this.elapsed(job, time), lane.x + lane.w - 6, lane.y + 11, 12, "right");
      spots.push({ job, x: lane.x + 17, y: tall ? lane.y + 33 : middle - 3, size: 22, row: lane.w - 36 });
      this.drawProgress(job, { x: lane.x + 4, y: lane.y + lane.h - 8, w: lane.w - 8, h: 5 }, time);
    });
    return spots;
  }

  /** Say how far an attempt is, if its handler says so, and how long it has taken. */
  elapsed(job, time) {
    const event = this.scene.eventOf(job);
    const taken = inWords(Math.max(0, time - this.record.events[event.begun].at));
    return event.progress === null ? taken : `${percent(event.progress)} · ${taken}`;
  }

  /** A bar for how far an attempt is: as its handler says, or else by its time. While it is not known when it ends, the
   * bar only says that it goes on. */
  drawProgress(job, bar, time) {
    const c = this.context;
    const event = this.scene.eventOf(job);
    const { at, ends, reports } = this.record.events[event.begun];
    c.fillStyle = this.ink;
    c.globalAlpha = 0.08;
    c.fillRect(bar.x, bar.y, bar.w, bar.h);
    c.globalAlpha = 1;
    c.fillStyle = this.record.looks.processing;
    if (reports) {
      c.fillRect(bar.x, bar.y, bar.w * (event.progress ?? 0), bar.h);
    } else if (ends !== undefined) {
      c.fillRect(bar.x, bar.y, bar.w * (ends > at ? Math.min(1, (time - at) / (ends - at)) : 1), bar.h);
    } else {
      const phase = (Math.max(0, time - at) % 1.2) / 1.2;
      c.fillRect(bar.x + phase * bar.w * 0.8, bar.y, bar.w * 0.2, bar.h);
    }
  }

  drawJob(spot, time) {
    const { job } = spot;
    const { x, y, size } = this.at.get(job);
    const look = this.scene.lookOf(job, time);
    const event = this.scene.eventOf(job);
    this.drawToken(x, y, size, look, event, time);
    if (size >= 17) this.label(job, x, y, size, look);
    const now = this.scene.count ? this.record.events[this.scene.count - 1].job : -1;
    const marked = job === this.followed || job === this.hovered;
    if (marked || job === now) {
      const c = this.context;
      c.strokeStyle = marked ? this.ink : NOW;
      c.lineWidth = 2;
      c.strokeRect(x - size / 2 - 2, y - size / 2 - 2, size + 4, size + 4);
    }
    if (spot.row && Math.abs(size - spot.size) < 3) {
      this.text(this.inRow(job, look, event, time), x + size / 2 + 6, y, 13, "left", this.ink, spot.row - 6);
    }
  }

  inRow(job, look, event, time) {
    const parts = [this.record.jobs[job].type];
    if (look === "backing off" || look === "delayed") parts.push(`in ${inWords(event.due - time)}`);
    if (event.priority) parts.push(`priority ${event.priority}`);
    const attempt = event.attempt + (look === "waiting" || look === "backing off" ? 1 : 0);
    if (attempt > 1 && look !== "completed") parts.push(`attempt ${attempt}`);
    if (look === "processing" && event.note) parts.push(event.note);
    return parts.join(" · ");
  }

  /** One job: shape and hatch tell its state as well as the colour does. */
  drawToken(x, y, size, look, event, time) {
    const c = this.context;
    const half = size / 2;
    const round = look === "completed";
    c.fillStyle = look === "failed" ? this.ink : this.record.looks[look];
    c.beginPath();
    if (round) c.arc(x, y, half, 0, 7);
    else c.roundRect(x - half, y - half, size, size, Math.min(4, size / 5));
    c.fill();
    if (look === "backing off" || look === "delayed") {
      c.strokeStyle = this.ink; // they are too pale to stand out by themselves
      c.lineWidth = 1;
      c.stroke();
    }
    if (look === "backing off" || look === "delayed") {
      // Like a clock hand that eats up the wait: what is left is hatched darker.
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
    if (event.attempt > 1 || (event.attempt === 1 && event.move === "retry")) {
      c.fillStyle = this.record.looks["failed attempt"]; // a corner for each job that has failed before
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
  }

  label(job, x, y, size, look) {
    const colour = look === "processing" ? "#ffffff" : look === "failed" ? this.paper : DARK;
    const id = String(this.record.jobs[job].id);
    if (id.length > 3) return; // does not fit in
    this.text(id, x, y + 0.5, id.length > 2 ? 10 : 12, "center", colour);
  }
}

// ---------------------------------------------------------------- which instant is shown

class Player {
  constructor(record) {
    this.record = record;
    this.scene = new Scene(record);
    this.playing = false;
    this.following = record.live; // what happens now, until somebody looks back
    this.speed = 1; // seconds of the record in a second on the wall
    this.jumpTo(record.live ? record.events.length : 0);
  }

  /** How many events have happened at the instant that is shown. */
  get count() {
    return this.scene.count;
  }

  get atEnd() {
    return this.count === this.record.events.length && this.time >= this.record.end;
  }

  /** Show the record after so many events, at the time of the last of them. */
  jumpTo(count) {
    const { events, start } = this.record;
    this.scene.seek(Math.min(Math.max(count, 0), events.length));
    this.time = this.count ? events[this.count - 1].at : start;
    this.hold = 0;
  }

  /** Show the record at a time. */
  seek(time) {
    this.time = Math.min(Math.max(time, this.record.start), this.record.end);
    this.scene.seek(this.record.countAt(this.time));
    this.hold = 0;
  }

  /** Let so many seconds on the wall go by. Events of one instant are shown one after the other: each of them holds
   * the clock for a moment, all of one instant for no more than a second, and all of a record for no more than 6. */
  advance(seconds) {
    const { events, end } = this.record;
    let left = seconds;
    while (left > 0 && !(this.atEnd && this.hold <= 0)) {
      if (this.hold > 0) {
        const held = Math.min(this.hold, left);
        this.hold -= held;
        left -= held;
        continue;
      }
      const next = events[this.count];
      const until = next ? next.at : end;
      const needed = Math.max(0, until - this.time) / this.speed;
      if (needed > left) {
        this.time += left * this.speed;
        return;
      }
      left -= needed;
      this.time = Math.max(this.time, until);
      if (next) {
        this.scene.seek(this.count + 1);
        this.hold = Math.min(0.12, 1 / (this.record.countAt(next.at) - next.first), 6 / events.length);
      }
    }
  }
}

// ---------------------------------------------------------------- controls

const ICONS = {
  first: "M3 2h2v12H3zM14 2v12L6 8z",
  back: "M11 2v12L3 8zM12 2h2v12h-2z",
  play: "M4 2l10 6-10 6z",
  pause: "M3 2h4v12H3zM9 2h4v12H9z",
  forward: "M2 2h2v12H2zM5 2l8 6-8 6z",
  last: "M2 2l8 6-8 6zM11 2h2v12h-2z",
};

/** Make an element: h("button", { title: "Play" }, "▶"). */
function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

function icon(name) {
  const box = h("span", { class: "jq-icon", "aria-hidden": "true" });
  box.innerHTML = `<svg viewBox="0 0 16 16" width="16" height="16"><path d="${ICONS[name]}" fill="currentColor"/></svg>`;
  return box;
}

/** Name speeds around one at which the whole record takes ten seconds, and life itself. */
function speeds(length) {
  const middle = length > 0 ? length / 10 : 1;
  const found = [1];
  for (let power = -9; power <= 6; power++) {
    for (const digit of [1, 2, 5]) {
      const speed = Number(`${digit}e${power}`);
      if (speed > middle / 12 && speed < middle * 12) found.push(speed);
    }
  }
  const sorted = [...new Set(found)].sort((a, b) => a - b);
  const distance = (speed) => Math.abs(Math.log(speed / middle));
  return { all: sorted, start: sorted.reduce((best, speed) => (distance(speed) < distance(best) ? speed : best)) };
}

function speedInWords(speed) {
  if (speed === 1) return "as in life";
  return speed > 1 ? `${speed.toLocaleString("en")} × faster` : `${Math.round(1 / speed).toLocaleString("en")} × slower`;
}

// A record outlives its views, and all views of a widget share it. What anywidget hands out as the model is a new
// object each time; the layout behind it is one for each widget.
const records = new WeakMap();

function recordOf(model) {
  const widget = model.get("layout");
  if (!records.has(widget)) records.set(widget, new Record(JSON.parse(model.get("record"))));
  return records.get(widget);
}

function initialize({ model }) {
  const record = recordOf(model);
  model.on("msg:custom", (message) => {
    record.add(message.events);
    record.synchronize(message.now);
  });
}

function render({ model, el }) {
  const record = recordOf(model);
  const player = new Player(record);
  const cleanups = [];

  const canvas = h("canvas", { class: "jq-stage", tabindex: "0", role: "img" });
  const density = h("canvas", { class: "jq-density", "aria-hidden": "true" });
  const scrubber = h("input", { type: "range", min: "0", max: "10000", step: "1", "aria-label": "instant" });
  const words = h("div", { class: "jq-words" });
  const detail = h("div", { class: "jq-detail" });
  const spoken = h("div", { class: "jq-spoken", role: "status", "aria-live": "polite" });
  const clock = h("span", { class: "jq-clock" });
  const stage = new Stage(canvas, record, player.scene);

  // --- buttons and menus

  const button = (name, title, action) => {
    const element = h("button", { title, "aria-label": title.replace(/ \(.*/, ""), type: "button", onclick: action });
    element.append(icon(name));
    return element;
  };
  const first = button("first", "First event (Home)", () => go(() => player.jumpTo(0)));
  const back = button("back", "Previous event (←)", () => go(() => player.jumpTo(player.count - 1)));
  const play = button("play", "Play (space)", () => toggle());
  const forward = button("forward", "Next event (→)", () => go(() => player.jumpTo(player.count + 1)));
  const last = button("last", "Last event (End)", () => go(() => player.jumpTo(record.events.length)));

  const speed = h("select", { "aria-label": "speed" });
  const follow = h("select", { "aria-label": "job to follow" });
  speed.addEventListener("change", () => {
    player.speed = Number(speed.value);
    speed.dataset.chosen = "yes";
  });
  follow.addEventListener("change", () => {
    stage.followed = Number(follow.value);
    wake();
  });

  /** Bring the menus up to date with a record that has grown. */
  function fillMenus() {
    const { all, start } = speeds(record.end - record.start);
    const chosen = speed.dataset.chosen ? Number(speed.value) : record.live ? 1 : start;
    const offered = [...new Set([...all, chosen])].sort((a, b) => a - b);
    if (speed.dataset.offered !== String(offered)) {
      speed.dataset.offered = String(offered);
      speed.replaceChildren(...offered.map((value) => h("option", { value }, speedInWords(value))));
      speed.value = String(chosen);
      player.speed = chosen;
    }
    if (!follow.options.length) follow.append(h("option", { value: -1 }, `all ${record.words.jobs}`));
    for (let job = follow.options.length - 1; job < record.jobs.length; job++) {
      follow.append(h("option", { value: job }, record.named(job)));
    }
  }
  // --- what the controls do

  function go(move) {
    player.playing = false;
    player.following = false;
    move();
    say(true);
    wake();
  }

  function toggle() {
    if (player.playing || player.following) {
      player.playing = player.following = false;
    } else {
      if (player.atEnd && record.live) player.following = true;
      else {
        if (player.atEnd) player.jumpTo(0);
        player.playing = true;
      }
    }
    say(true);
    wake();
  }

  const seekShare = (share) => go(() => player.seek(record.start + share * (record.end - record.start)));
  scrubber.addEventListener("input", () => seekShare(Number(scrubber.value) / 10000));

  const keys = {
    " ": toggle,
    ArrowLeft: () => back.click(),
    ArrowRight: () => forward.click(),
    Home: () => first.click(),
    End: () => last.click(),
  };
  function onKey(event) {
    const { tagName } = event.target;
    const own = tagName === "SELECT" || (event.key === " " && tagName === "BUTTON");
    if (own || event.ctrlKey || event.metaKey || event.altKey || !keys[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  }

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    const scale = canvas.clientWidth / box.width; // not 1 where the page is zoomed, as on a slide
    return stage.jobAt(scale * (event.clientX - box.left), scale * (event.clientY - box.top));
  };
  canvas.addEventListener("pointermove", (event) => {
    const job = place(event);
    canvas.style.cursor = job < 0 ? "" : "pointer";
    if (job !== stage.hovered) {
      stage.hovered = job;
      wake();
    }
  });
  canvas.addEventListener("pointerleave", () => {
    stage.hovered = -1;
    wake();
  });
  canvas.addEventListener("click", (event) => {
    stage.followed = place(event);
    follow.value = String(stage.followed);
    canvas.focus();
    wake();
  });

  // --- the timeline, and the instant as a line on it

  const timeline = h("div", { class: "jq-timeline" });
  const line = h("div", { class: "jq-line", "aria-hidden": "true" });
  const picture = model.get("timeline");
  if (picture?.byteLength) {
    const url = URL.createObjectURL(new Blob([picture], { type: "image/png" }));
    cleanups.push(() => URL.revokeObjectURL(url));
    timeline.append(h("img", { src: url, alt: model.get("timeline_words"), draggable: "false" }), line);
  }
  const axis = () => model.get("axis"); // [left, right of the axis, as shares of the picture; its first, last second]
  timeline.addEventListener("click", (event) => {
    const box = timeline.getBoundingClientRect();
    const [left, right, begin, end] = axis();
    const share = ((event.clientX - box.left) / box.width - left) / (right - left);
    go(() => player.seek(begin + share * (end - begin)));
  });

  // --- drawing

  function drawDensity() {
    const { events, start, end } = record;
    const context = density.getContext("2d");
    const [w, hh] = [(density.width = density.clientWidth), (density.height = density.clientHeight)];
    const bins = new Map();
    for (const event of events) {
      const bin = Math.floor(((event.at - start) / (end - start || 1)) * (w - 3) / 3);
      const [all, bad] = bins.get(bin) ?? [0, 0];
      bins.set(bin, [all + 1, bad + (event.move === "retry" || event.move === "fail")]);
    }
    const most = Math.max(1, ...[...bins.values()].map(([all]) => all));
    const ink = getComputedStyle(density).color;
    for (const [bin, [all, bad]] of bins) {
      const tall = (n) => (n ? Math.max(2, (n / most) * (hh - 2)) : 0);
      context.fillStyle = ink;
      context.fillRect(bin * 3, hh - tall(all), 2, tall(all));
      context.fillStyle = record.looks["failed attempt"];
      context.fillRect(bin * 3, hh - tall(bad), 2, tall(bad));
    }
  }

  let lastSpoken = 0;
  /** Put the instant into words; aloud at once when somebody steps, and now and then while it plays. */
  function say(aloud) {
    const { count } = player;
    const text = count ? record.say(count - 1) : `${record.clock(record.start)} · ${record.words.nothing}`;
    words.textContent = text;
    root.dataset.count = count; // for whoever looks at the page from outside
    root.dataset.time = player.time;
    if (aloud || performance.now() - lastSpoken > 2500) {
      spoken.textContent = text;
      lastSpoken = performance.now();
    }
  }

  function summary() {
    const { queue, heldBack, inHand, completed, failed } = stage.places;
    const counts = [
      [heldBack.length, record.words.heldBack],
      [queue.length, record.words.queue],
      [inHand.size, record.words.workers],
      [completed.length, record.words.completed],
      [failed.length, record.words.failed],
    ];
    const said = counts.filter(([n]) => n).map(([n, name]) => `${name}: ${n.toLocaleString("en")}`);
    if (stage.hidden) said.push(`${stage.hidden.toLocaleString("en")} more than can be drawn`);
    return said.join(" · ");
  }

  function show(elapsed) {
    if (!stage.width) return false;
    const moving = stage.draw(player.time, elapsed);
    const { start, end } = record;
    const share = end > start ? (player.time - start) / (end - start) : 1;
    scrubber.value = Math.round(10000 * share);
    scrubber.setAttribute("aria-valuetext", `${record.clock(player.time)}, event ${player.count} of ${record.events.length}`);
    clock.textContent = `${record.clock(player.time)} of ${record.clock(end)} · event ${player.count} of ${record.events.length}`;
    const active = player.playing || player.following;
    if (play.dataset.active !== String(active)) {
      play.dataset.active = String(active);
      play.title = active ? "Pause (space)" : record.live && player.atEnd ? "Follow (space)" : "Play (space)";
      play.setAttribute("aria-label", play.title.replace(/ \(.*/, ""));
      play.replaceChildren(icon(active ? "pause" : "play"));
    }
    const job = stage.hovered >= 0 ? stage.hovered : stage.followed;
    const text = job >= 0 ? `${record.named(job)}: ${record.story(job, player.count)}` : summary();
    if (detail.textContent !== text) detail.textContent = text;
    canvas.setAttribute("aria-label", `The queue at ${record.clock(player.time)}. ${summary()}`);
    if (line.isConnected) {
      const [left, right, begin, stop] = axis();
      line.style.left = `${100 * (left + ((player.time - begin) / (stop - begin || 1)) * (right - left))}%`;
    }
    return moving;
  }

  // The loop runs only while something moves.
  let request = 0;
  let before = 0;
  function frame(now) {
    const elapsed = Math.min(0.1, before ? (now - before) / 1000 : 0.016);
    before = now;
    if (player.playing) {
      player.advance(elapsed);
      if (player.atEnd && player.hold <= 0) player.playing = false;
      say(!player.playing);
    }
    const happening = player.following && record.unfinished > 0;
    if (happening) {
      record.end = Math.max(record.end, record.present());
      player.seek(record.end);
    }
    if (show(elapsed) || player.playing || happening) request = requestAnimationFrame(frame);
    else before = request = 0;
  }
  function wake() {
    if (!request) request = requestAnimationFrame(frame);
  }

  // --- put together

  const controls = h("div", { class: "jq-controls" }, first, back, play, forward, last, speed, follow, clock);
  const scrub = h("div", { class: "jq-scrub" }, density, scrubber);
  const root = h(
    "div",
    { class: "jq-replay", role: "group", "aria-label": model.get("words") },
    ...(model.get("buttons") ? [liveButtons(model, cleanups)] : []),
    controls,
    canvas,
    scrub,
    words,
    detail,
    timeline,
    spoken,
  );
  // JupyterLab would take keys for itself: an arrow would go to another cell. It asks who has the focus, and no parent.
  for (const own of root.querySelectorAll("button, select, input, canvas")) own.dataset.lmSuppressShortcuts = "true";
  root.addEventListener("keydown", onKey);
  el.append(root);

  const grown = () => {
    fillMenus();
    root.classList.toggle("jq-empty", !record.live && record.events.length === 0);
    if (player.following) {
      player.jumpTo(record.events.length);
      say(false);
    }
    drawDensity();
    wake();
  };
  model.on("msg:custom", grown);
  cleanups.push(() => model.off("msg:custom", grown));
  const redraw = () => {
    stage.resize();
    drawDensity();
    wake();
  };
  const size = new ResizeObserver(redraw);
  size.observe(canvas);
  const theme = new MutationObserver(redraw); // JupyterLab says there which theme it has
  theme.observe(document.body, { attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
  cleanups.push(() => size.disconnect(), () => theme.disconnect());
  fillMenus();
  root.classList.toggle("jq-empty", !record.live && record.events.length === 0);
  say(false);
  wake();

  return () => {
    cancelAnimationFrame(request);
    for (const cleanup of cleanups) cleanup();
  };
}

/** The buttons of a live stage: they ask the kernel to enqueue, to start and to stop. */
function liveButtons(model, cleanups) {
  const send = (content) => () => model.send(content);
  const row = h("div", { class: "jq-live" });
  model.get("buttons").forEach((label, number) => {
    row.append(h("button", { type: "button", class: "jq-primary", onclick: send({ enqueue: number }) }, label));
  });
  const start = h("button", { type: "button", onclick: send({ start: true }) }, "Start the worker");
  const stop = h("button", { type: "button", onclick: send({ stop: true }) }, "Stop the worker");
  const state = h("span", { class: "jq-state" });
  const update = () => {
    const working = model.get("working");
    start.disabled = working;
    stop.disabled = !working;
    state.textContent = model.get("state");
  };
  if (model.get("startable")) row.append(start, stop);
  row.append(state);
  model.on("change:working", update);
  model.on("change:state", update);
  cleanups.push(() => {
    model.off("change:working", update);
    model.off("change:state", update);
  });
  update();
  return row;
}

export default { initialize, render };
