// Which instant of a record is shown: play, pause, step, scrub, or follow a live queue.

import { Scene } from "./scene.js";

// While it plays, each event stops the clock for a moment, in seconds of real time; if there are many, for less.
const HOLD = 0.12;
const HOLD_OF_INSTANT = 1; // at most, for all events of one instant together
const HOLD_OF_RECORD = 6; // at most, for all events of a record together

/** Return the `speeds` to choose from, around the one at which a record takes ten seconds, and real time, which is 1;
 * and the `best`, which is nearest to those ten seconds. */
export function speedsFor(duration) {
  const middle = duration > 0 ? duration / 10 : 1;
  const found = new Set([1]);
  for (let power = -9; power <= 6; power++) {
    for (const digit of [1, 2, 5]) {
      const speed = Number(`${digit}e${power}`);
      if (speed > middle / 12 && speed < middle * 12) found.add(speed);
    }
  }
  const speeds = [...found].sort((a, b) => a - b);
  const distance = (speed) => Math.abs(Math.log(speed / middle));
  return { speeds, best: speeds.reduce((best, speed) => (distance(speed) < distance(best) ? speed : best)) };
}

/** The instant that is shown: `time`, in seconds of the record, and `scene`, after `count` events. */
export class Player {
  constructor(record) {
    this.record = record;
    this.scene = new Scene(record);
    this.playing = false;
    this.following = record.live; // the live queue, until the user looks back
    this.speed = 1; // seconds of the record per second of real time
    this.jumpTo(record.live ? record.events.length : 0);
  }

  /** How many events have happened at the instant that is shown. */
  get count() {
    return this.scene.count;
  }

  /** Whether the instant that is shown is the last one. */
  get atEnd() {
    return this.count === this.record.events.length && this.time >= this.record.end;
  }

  /** Whether the time that is shown is moving: it plays, or follows the live queue. */
  get active() {
    return this.playing || this.following;
  }

  pause() {
    this.playing = this.following = false;
  }

  /** Pause at the instant that `move` goes to. Whoever moves on to the last event of a live queue follows it: all that
   * comes next is new. */
  go(move) {
    const { count } = this;
    this.pause();
    move();
    this.following = this.record.live && this.count >= count && this.count === this.record.events.length;
  }

  /** Pause. If it is paused, play on; at the end, play from the start or, if the queue is live, follow it. */
  toggle() {
    if (this.active) this.pause();
    else if (this.atEnd && this.record.live) this.following = true;
    else {
      if (this.atEnd) this.jumpTo(0);
      this.playing = true;
    }
  }

  /** Show the record after `count` events, at the time of the last of them. */
  jumpTo(count) {
    const { events, start } = this.record;
    this.scene.seek(Math.min(Math.max(count, 0), events.length));
    this.time = this.count ? events[this.count - 1].at : start;
    this.hold = 0;
  }

  /** Step forwards by a number of events; backwards if it is negative. */
  step(events) {
    this.jumpTo(this.count + events);
  }

  /** Show what was added to the record, if it is followed. Otherwise stay; before the first event, where it starts. */
  grow() {
    if (this.following) this.jumpTo(this.record.events.length);
    else if (this.count === 0) this.jumpTo(0);
  }

  /** Show the record at a time. */
  seek(time) {
    this.time = Math.min(Math.max(time, this.record.start), this.record.end);
    this.scene.seek(this.record.countAt(this.time));
    this.hold = 0;
  }

  /** Advance by seconds of real time. Return whether the time that is shown is still moving. */
  tick(seconds) {
    if (this.playing) {
      this.#advance(seconds);
      this.playing = !this.#done;
      return this.playing;
    }
    if (!this.following || this.record.unfinished === 0) return false;
    this.record.end = Math.max(this.record.end, this.record.now());
    this.seek(this.record.end);
    return true;
  }

  /** Whether it has played to the end, and shown the last event for as long as the others. */
  get #done() {
    return this.atEnd && this.hold <= 0;
  }

  /** Play for some seconds of real time. Events of one instant are shown one after another. */
  #advance(seconds) {
    const { events, end } = this.record;
    let left = seconds;
    while (left > 0 && !this.#done) {
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
        const together = this.record.countAt(next.at) - next.first;
        this.hold = Math.min(HOLD, HOLD_OF_INSTANT / together, HOLD_OF_RECORD / events.length);
      }
    }
  }
}
