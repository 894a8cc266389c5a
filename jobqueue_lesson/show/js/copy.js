// A queue and its worker in JavaScript, for a live stage on a page without a kernel: jobs of one type, which take a while.

/** `lanes` names the worker's lanes. A job takes `seconds`; one that has waited for longer than `patience` fails with
 * `error`, its type and its message. `clock` tells the time in seconds, `later` calls back after some, and `tell` is
 * called with each event: a list of the fields of a `JobEvent`. */
export class QueueCopy {
  constructor({ lanes, job, seconds, patience = Infinity, error = [] }, { clock, later, tell }) {
    Object.assign(this, { job, seconds, patience, error, clock, later, tell });
    this.idle = [...lanes];
    this.busy = 0;
    this.waiting = []; // jobs: {id, since}, and from their dequeue on `worker`
    this.count = 0;
    this.working = false;
    this.ended = () => {};
  }

  enqueue() {
    const job = { id: ++this.count, since: this.clock(), attempt: 0, worker: "" };
    this.waiting.push(job);
    this.#event("enqueue", job, "pending");
    this.#takeOn();
  }

  /** Run the worker until `stop`; call `ended` once the jobs that it runs then have ended. */
  start(ended) {
    Object.assign(this, { working: true, ended });
    this.#takeOn();
  }

  stop() {
    this.working = false;
    this.#endIfIdle();
  }

  #takeOn() {
    while (this.working && this.idle.length && this.waiting.length) this.#run(this.waiting.shift(), this.idle.shift());
  }

  #run(job, lane) {
    Object.assign(job, { worker: lane, attempt: 1 });
    this.busy += 1;
    this.#event("dequeue", job, "processing");
    if (this.clock() - job.since > this.patience) this.#end(job, "fail", "failed");
    else this.later(() => this.#end(job, "complete", "completed"), this.seconds);
  }

  #end(job, move, status) {
    this.busy -= 1;
    this.#event(move, job, status);
    if (this.working && this.waiting.length) this.#run(this.waiting.shift(), job.worker);
    else this.idle.push(job.worker);
    this.#endIfIdle();
  }

  #endIfIdle() {
    if (!this.working && !this.busy) this.ended();
  }

  #event(move, { id, since, attempt, worker }, status) {
    const at = this.clock();
    const error = move === "fail" ? [attempt, ...this.error, at, null] : null;
    this.tell([at, move, id, this.job, status, attempt, 0, since, worker || null, error, null, ""]);
  }
}
