// The histories that test_javascript.py made, and what Python says of them.

import { readFileSync } from "node:fs";
import { Record } from "../../jobqueue_lesson/show/js/record.js";

const { durations, histories, questions, stages, words } = JSON.parse(readFileSync(process.env.HISTORIES, "utf8"));

/** Pairs: seconds, and how Python formats them. */
/** Questions of cards, each with what Python says of each letter: its line, and its reasons. */
/** Live stages by name: their data, who pressed what when, and the events that Python made of it. */
/** What widgets say on a page without a kernel. */
export { durations, questions, stages, words };

/** What Python says of each history: {record, times, counts: {phase: a count for each of the times}}. */
export const expected = histories;

/** Names of all histories that have events. */
export const names = Object.keys(histories).filter((name) => histories[name].record.events.length);

export function recordOf(name) {
  return new Record(histories[name].record);
}

/** The record as it was after its first `count` events. */
export function recordUpTo(name, count) {
  const { events, ...rest } = histories[name].record;
  return new Record({ ...rest, events: events.slice(0, count) });
}
