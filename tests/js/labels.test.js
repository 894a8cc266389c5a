import assert from "node:assert/strict";
import { test } from "node:test";
import { labelOf, needsOf } from "../../jobqueue_lesson/show/js/labels.js";
import { Scene } from "../../jobqueue_lesson/show/js/scene.js";
import { expected, names, recordOf, recordUpTo } from "./histories.js";

const measure = (words) => 7 * words.length;

test("a job says what it is, when it is due, its priority, its attempt, and what its handler reports", () => {
  const record = recordOf("every move");
  const said = record.events.map((event) => labelOf(record, event, event.at).join(" · "));
  assert.deepEqual(said.slice(0, 11), [
    "report · priority 5",
    "report · in 10.0 s",
    "report · priority 5",
    "report · priority 5",
    "report · priority 5",
    "report · priority 5 · half of it",
    "report · priority 5",
    "report · in 1.5 s · priority 5 · attempt 2",
    "report · priority 5 · attempt 2",
    "report · priority 5 · attempt 2",
    "report · priority 5 · attempt 3",
  ]);
});

test("at no event has a place more jobs, or longer words beside one, than it was said to need", () => {
  for (const name of names) {
    const record = recordOf(name);
    const needs = needsOf(record, measure);
    const scene = new Scene(record);
    for (const [index, event] of record.events.entries()) {
      scene.seek(index + 1);
      const { running, ...places } = scene.places(event.at);
      for (const [place, jobs] of Object.entries({ ...places, workers: [...running.values()] })) {
        assert.ok(jobs.length <= needs[place].most, `${name}: ${place}`);
        for (const job of jobs) {
          const words = measure(labelOf(record, scene.eventOf(job), event.at).join(" · "));
          assert.ok(words <= needs[place].words + measure("888"), `${name}: ${place}`); // "in 10.0 s" becomes "in 950 ms"
        }
      }
    }
  }
});

test("a place of a live queue grows in few steps, and what has never failed takes no room", () => {
  const needs = (count) => needsOf(recordUpTo("live", count), measure);
  const all = expected.live.record.events.length;
  assert.deepEqual([needs(0).queue.most, needs(all).queue.most, needs(all).completed.most], [12, 12, 12]);
  assert.deepEqual([needs(all).failed.most, needs(all).heldBack.most], [0, 0]);
  const crowd = recordOf("crowd");
  crowd.live = true;
  assert.ok(new Set([12, 24, 48, 96, 192]).has(needsOf(crowd, measure).queue.most));
});
