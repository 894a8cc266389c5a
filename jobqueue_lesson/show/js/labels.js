// The words beside a job on the stage, and the room that every place needs for them.

import { attemptAt, lookAt } from "./scene.js";
import { formatRunning } from "./words.js";

const FEWEST = 6; // jobs that a place of a live queue has room for from the start: it will not jump with each job

/** Return the words beside a job whose last event this is, most important first: ["flaky-api", "in 1.5 s"]. */
export function labelOf(record, event, time) {
  const look = lookAt(event, time);
  const parts = [record.jobs[event.job].type];
  if (look === "backing off" || look === "delayed") parts.push(`in ${formatRunning(event.due - time)}`);
  if (event.priority) parts.push(`priority ${event.priority}`);
  const attempt = attemptAt(event);
  if (attempt > 1 && look !== "completed") parts.push(`attempt ${attempt}`);
  if (look === "processing" && event.note) parts.push(event.note);
  return parts;
}

/** Return what each place needs at its fullest, as layout.js has it. `measure` returns the width of words. */
export function needsOf(record, measure) {
  const needs = { api: Math.max(measure(record.words.api), measure(record.words.came)) };
  for (const place of ["heldBack", "queue", "completed", "failed"]) {
    needs[place] = { most: roomFor(record, place), words: 0 };
  }
  const names = record.workers.map((worker) => measure(worker));
  const beside = measure(record.events.some(({ reports }) => reports) ? "50 % · 88.8 s" : "88.8 s"); // their names
  needs.workers = { most: record.workers.length, words: Math.max(0, ...names) + beside - 20 };
  const widths = new Map();
  const widen = (place, event, time) => {
    const words = labelOf(record, event, time).join(" · ");
    if (!widths.has(words)) widths.set(words, measure(words));
    needs[place].words = Math.max(needs[place].words, widths.get(words));
  };
  for (const event of record.events) {
    if (event.status === "processing") widen("workers", event, event.at);
    else if (event.status !== "pending") widen(event.status, event, event.at);
    else {
      widen("queue", event, Math.max(event.at, event.due));
      if (event.due > event.at) widen("heldBack", event, event.at);
    }
  }
  return needs;
}

/** Return how many jobs a place has room for. While a live queue fills, a place grows in few steps. */
function roomFor({ live, peak }, place) {
  const most = peak[place];
  if (!live || (!most && place !== "queue" && place !== "completed")) return most;
  return FEWEST * 2 ** Math.max(0, Math.ceil(Math.log2(most / FEWEST)));
}
