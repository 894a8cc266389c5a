// The record of a queue: its events in order, and what they say about jobs, workers and time.

import { describeMove, formatDuration } from "./words.js";

const isFinished = (status) => status === "completed" || status === "failed";

/**
 * What `_record` in replay.py wrote: name, start, end, origin, aging, live, looks, words, workers, perhaps speed, and the
 * events. Times are in seconds. An event has the fields of a `JobEvent`, and
 *   job       the index of its job in `jobs`
 *   due       when the job is scheduled for
 *   previous  the index of the job's event before it, -1 if there is none; `next`, of the one after it
 *   first     the index of the first event of the same instant
 *   started   the index of the event with which the job's state started: for a progress report, its attempt's dequeue
 *   line      the line of the learner's code that made it: `cell 12, line 4: …`; undefined if it is not known
 * An event with which an attempt started has `reports` if its progress was reported.
 */
export class Record {
  constructor({ events, now, ...fields }) {
    Object.assign(this, fields);
    this.events = [];
    this.jobs = []; // {id, type}, in the order in which they were enqueued
    this.workers = [...this.workers]; // their names, sorted
    this.unfinished = 0; // jobs that are pending or processing at the end
    this.indexOf = new Map(); // a job's id → its index in this.jobs
    this.lastOf = []; // the index of each job's last event
    this.add(events);
    this.synchronize(now);
  }

  /** Set what the queue's clock shows now. */
  synchronize(now) {
    this.ahead = now - performance.now() / 1000;
  }

  /** What the queue's clock shows now. */
  now() {
    return performance.now() / 1000 + this.ahead;
  }

  /** Append events, in order of time: lists of the fields of a `JobEvent`. */
  add(rows) {
    for (const row of rows) this.#append(row);
    this.peak = this.#findPeak();
  }

  #append([at, move, id, type, status, attempt, priority, due, worker, error, progress, note, line]) {
    const job = this.#jobOf(id, type);
    const index = this.events.length;
    const previous = this.lastOf[job];
    const before = this.events[previous];
    const started = move === "progress" && before ? before.started : index;
    const first = this.events[index - 1]?.at === at ? this.events[index - 1].first : index;
    const links = { previous, next: -1, first, started };
    this.events.push({ at, move, job, status, attempt, priority, due, worker, error, progress, note, line, ...links });
    this.lastOf[job] = index;
    if (before) {
      before.next = index;
      if (move === "progress") this.events[started].reports = true;
    }
    this.unfinished += (isFinished(status) ? 0 : 1) - (!before || isFinished(before.status) ? 0 : 1);
    if (status === "processing" && !this.workers.includes(worker)) {
      this.workers.push(worker);
      this.workers.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
    }
    if (index === 0) this.start = at;
    if (index === 0 && this.live) this.origin = at;
    this.end = Math.max(this.end, at);
  }

  #jobOf(id, type) {
    if (!this.indexOf.has(id)) {
      this.indexOf.set(id, this.jobs.length);
      this.jobs.push({ id, type });
      this.lastOf.push(-1);
    }
    return this.indexOf.get(id);
  }

  /** Find the most jobs that each place ever holds at once, so that it is laid out once for the whole record. */
  #findPeak() {
    const changes = { heldBack: [], queue: [] };
    const finished = { completed: 0, failed: 0 }; // as if none was revived or discarded: the most there can be
    const stay = (place, from, to) => from < to && changes[place].push([from, 1], [to, -1]);
    for (const { at, status, due, next } of this.events) {
      const left = next < 0 ? Infinity : this.events[next].at;
      if (status === "pending") {
        stay("heldBack", at, Math.min(due, left));
        stay("queue", Math.max(at, due), left === at ? at + 1e-9 : left); // dequeued at once, but it was there
      } else if (status in finished) finished[status] += 1;
    }
    const peak = { ...finished };
    for (const [place, list] of Object.entries(changes)) {
      let count = 0;
      peak[place] = 0;
      list.sort(([t, up], [u, down]) => t - u || down - up);
      for (const [, change] of list) {
        count += change;
        peak[place] = Math.max(peak[place], count);
      }
    }
    return peak;
  }

  /** Count the events up to a time, those of that instant included. */
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

  /** Format a time as the seconds since the record's origin: "1.5 s". */
  formatTime(time) {
    return formatDuration(time - this.origin);
  }

  /** Name a job: "#2 resize-image". */
  nameOf(job) {
    return `#${this.jobs[job].id} ${this.jobs[job].type}`;
  }

  /** Describe an event: "20 ms · job #2 resize-image picked up by worker-1". */
  describeEvent(index) {
    const event = this.events[index];
    const move = describeMove(event, this.words);
    return `${this.formatTime(event.at)} · ${this.words.job} ${this.nameOf(event.job)} ${move}`;
  }

  /** Whether it is known of any event which line made it. */
  get hasLines() {
    return this.events.some(({ line }) => line);
  }

  /** Describe all that happened to a job within the first `count` events: "0 ms enqueued → 20 ms completed". */
  describeJob(job, count) {
    const moves = [];
    for (let i = this.lastOf[job]; i >= 0; i = this.events[i].previous) {
      const { at } = this.events[i];
      if (i < count) moves.unshift(`${this.formatTime(at)} ${describeMove(this.events[i], this.words)}`);
    }
    return moves.length ? moves.join(" → ") : "not here yet";
  }
}
