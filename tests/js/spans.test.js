import assert from "node:assert/strict";
import { test } from "node:test";
import { countFlow, cutSpans } from "../../jobqueue_lesson/show/js/spans.js";
import { ticksBetween } from "../../jobqueue_lesson/show/js/ticks.js";
import { expected, names, recordOf } from "./histories.js";

test("a timeline has the spans and the marks that Python draws", () => {
  for (const name of names.filter((other) => other !== "live")) {
    const record = recordOf(name);
    const cut = cutSpans(record).map(({ job, look, start, end, mark }) => [
      record.jobs[job].id,
      look,
      start,
      end,
      mark ?? null,
    ]);
    assert.deepEqual(cut, expected[name].spans, name);
  }
});

test("a flow diagram has as many jobs in each state as Python counts", () => {
  for (const name of names.filter((other) => other !== "late")) {
    const { times, bands } = countFlow(recordOf(name));
    for (const [n, time] of expected[name].times.entries()) {
      const at = times.findLastIndex((other) => other <= time);
      for (const [look, counts] of Object.entries(expected[name].counts)) {
        const band = bands.find((other) => other.look === look);
        assert.equal(band ? band.counts[at] : 0, counts[n], `${name} at ${time}: ${look}`);
      }
    }
  }
});

test("ticks are round, within the axis, and not too many", () => {
  assert.deepEqual(ticksBetween(0, 7.5, 5), [0, 2, 4, 6]);
  assert.deepEqual(ticksBetween(1, 1001, 6), [200, 400, 600, 800, 1000]);
  assert.deepEqual(ticksBetween(0, 100, 4), [0, 50, 100]);
  assert.deepEqual(ticksBetween(3, 3, 4), [3]);
  for (const [low, high] of [
    [0, 0.03],
    [-2, 9],
    [17.3, 86400 * 30],
  ]) {
    for (const most of [1, 3, 8, 14]) {
      const ticks = ticksBetween(low, high, most);
      assert.ok(ticks.length <= most + 1 && ticks.every((tick) => tick >= low && tick <= high), String(ticks));
    }
  }
});
