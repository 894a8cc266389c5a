// Where every job is after a number of events, at a given time.

/** Name how a job looks at a time after its last event: a key of `LOOKS` in style.py. */
export function lookAt(event, time) {
  if (event.status !== "pending") return event.status;
  if (event.due <= time) return "waiting";
  return event.move === "retry" ? "backing off" : "delayed";
}

/** Return the attempt that a job is at or, while it is pending, its next one. One that was released does not count. */
export function attemptAt({ status, attempt, move }) {
  return attempt + (status === "pending" && move !== "release" ? 1 : 0);
}

/** The jobs of a record, by place, after `count` events. The time tells which of them are due. */
export class Scene {
  constructor(record) {
    this.record = record;
    this.count = 0;
    this.last = []; // the index of each job's last event among the first `count`, -1 before its first
  }

  /** Go to the scene after `count` events, forwards or backwards. */
  seek(count) {
    const { events } = this.record;
    while (this.count < count) this.last[events[this.count].job] = this.count++;
    while (this.count > count) {
      const event = events[--this.count];
      this.last[event.job] = event.previous;
    }
  }

  /** Return the last event of a job so far. */
  eventOf(job) {
    return this.record.events[this.last[job]];
  }

  /** Count the jobs that have been enqueued so far. */
  get enqueued() {
    return this.last.reduce((sum, last) => sum + (last >= 0), 0);
  }

  /** Return the jobs by place: heldBack (not due yet), queue (the next one first), completed and failed are lists;
   * `running` maps a worker to its job. */
  places(time) {
    const places = { heldBack: [], queue: [], completed: [], failed: [], running: new Map() };
    for (let job = 0; job < this.last.length; job++) {
      const event = this.eventOf(job);
      if (!event || event.move === "discard") continue;
      if (event.status === "processing") places.running.set(event.worker, job);
      else if (event.status !== "pending") places[event.status].push(job);
      else places[event.due > time ? "heldBack" : "queue"].push(job);
    }
    places.heldBack.sort((a, b) => this.eventOf(a).due - this.eventOf(b).due || a - b);
    places.queue.sort((a, b) => this.#compareTurns(a, b));
    for (const finished of [places.completed, places.failed]) finished.sort((a, b) => this.last[a] - this.last[b]);
    return places;
  }

  /** Compare two waiting jobs by the order in which the queue dequeued them; for those that it never did, by the order
   * in which it would have. */
  #compareTurns(a, b) {
    const [x, y] = [this.eventOf(a), this.eventOf(b)];
    const turn = (event) => (event.next < 0 ? Infinity : event.next);
    if (turn(x) !== turn(y)) return turn(x) - turn(y);
    const rank = (event) => this.record.aging * event.due - event.priority;
    return rank(x) - rank(y) || x.due - y.due || this.record.jobs[a].id - this.record.jobs[b].id;
  }

  /** Name how a job looks at a time: a key of `LOOKS` in style.py. */
  lookOf(job, time) {
    return lookAt(this.eventOf(job), time);
  }
}
