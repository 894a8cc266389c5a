// A live stage on a page without a kernel: its queue and its worker are copies in JavaScript.

import { QueueCopy } from "./copy.js";
import { Model } from "./model.js";
import { fill } from "./words.js";

const seconds = () => performance.now() / 1000;

/** Return a model for a live stage's view. `words` is what the stage says beside its buttons. */
export function liveModel({ record, buttons, startable, copy, words: name }, words, clock = seconds) {
  const now = clock();
  const times = { start: now, end: now, origin: now, now };
  const model = new Model({
    record: { ...record, ...times },
    buttons,
    startable,
    working: false,
    state: "",
    words: name,
  });
  const tell = (event) => {
    model.emit("msg:custom", { events: [event], now: clock() });
    const [at, move, , , , , , since] = event;
    if (copy.last && move === "complete") model.set("state", fill(copy.last, { seconds: (at - since).toFixed(1) }));
  };
  const later = (call, wait) => setTimeout(call, 1000 * wait);
  const queue = new QueueCopy({ ...copy, lanes: record.workers }, { clock, later, tell });
  const say = (working, state) => {
    model.set("working", working);
    model.set("state", state);
  };
  const start = () => {
    say(true, copy.open ?? words.running);
    queue.start(() => say(false, words.stopped));
  };
  model.send = (message) => {
    if ("enqueue" in message) queue.enqueue();
    if (message.start && !queue.working) start();
    if (message.stop) queue.stop();
  };
  if (copy.open) start();
  return model;
}
