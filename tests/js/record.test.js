import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { formatDuration, formatRunning, formatShare, formatSpeed } from "../../jobqueue_lesson/show/js/words.js";
import { durations, expected, names, recordOf, recordUpTo } from "./histories.js";

test("durations are formatted as Python formats them", () => {
  for (const [seconds, words] of durations) assert.equal(formatDuration(seconds), words);
});

test("seconds that are running keep as many digits", () => {
  const shown = [0, 0.0042, 0.1251, 0.9996, 3.18, 59.97, 210];
  assert.deepEqual(shown.map(formatRunning), ["0 ms", "4.2 ms", "125 ms", "1.0 s", "3.2 s", "60.0 s", "210.0 s"]);
});

test("only a whole is 100 %", () => {
  assert.deepEqual([0, 0.5, 0.994, 0.9999, 1].map(formatShare), ["0 %", "50 %", "99 %", "99 %", "100 %"]);
});

test("a speed says how many times faster or slower", () => {
  assert.deepEqual([5000, 1, 0.02].map(formatSpeed), ["5,000 × faster", "real time", "50 × slower"]);
});

test("every event is described: when, which job, and what happened to it", () => {
  const record = recordOf("every move");
  assert.deepEqual(
    record.events.map((_, index) => record.describeEvent(index)),
    [
      "0 ms · job #1 report enqueued, priority 5",
      "0 ms · job #2 report enqueued, due in 10 s",
      "1 s · job #1 report picked up by ann",
      "2 s · job #1 report released",
      "2 s · job #1 report picked up by bob",
      "3 s · job #1 report is at 50 %, half of it",
      "4 s · job #1 report is at 99 %",
      "5 s · job #1 report attempt 1 failed (OSError: disk full), again in 1.5 s",
      "7 s · job #1 report picked up by ann, attempt 2",
      "8 s · job #1 report failed permanently (ValueError: no such month)",
      "9 s · job #1 report given new attempts",
      "10 s · job #1 report picked up by ann",
      "11 s · job #1 report completed",
      "12 s · job #2 report picked up by bob",
      "13 s · job #2 report failed permanently (OSError: disk full)",
      "14 s · job #2 report discarded",
    ],
  );
});

test("an event has the line that made it, if it is known", () => {
  const { events, hasLines } = recordOf("lines");
  assert.ok(hasLines);
  assert.match(events[0].line, /^test_javascript\.py, line \d+: queue\.enqueue\("report"\)$/);
  assert.equal(events[1].line, undefined);
  for (const name of names.filter((name) => name !== "lines")) assert.ok(!recordOf(name).hasLines, name);
});

test("a job's story ends where the record is", () => {
  const record = recordOf("every move");
  assert.equal(record.describeJob(1, 1), "not here yet");
  assert.equal(record.describeJob(1, 2), "0 ms enqueued, due in 10 s");
  assert.equal(
    record.describeJob(1, record.events.length),
    "0 ms enqueued, due in 10 s → 12 s picked up by bob → 13 s failed permanently (OSError: disk full) → 14 s discarded",
  );
});

test("times are said as seconds since the record's origin", () => {
  const record = recordOf("real time");
  assert.ok(record.start > 1e9);
  assert.match(record.describeEvent(0), /^0 ms · job #1 /);
});

test("the events of a job are linked, and a progress report belongs to the attempt that it reports on", () => {
  for (const name of names) {
    const { events, jobs } = recordOf(name);
    for (const [index, event] of events.entries()) {
      const ofJob = [...events.keys()].filter((i) => events[i].job === event.job);
      assert.equal(event.previous, ofJob[ofJob.indexOf(index) - 1] ?? -1);
      assert.equal(event.next, ofJob[ofJob.indexOf(index) + 1] ?? -1);
      assert.equal(
        event.first,
        events.findIndex(({ at }) => at === event.at),
      );
      if (event.move === "progress" && name !== "late") assert.equal(events[event.started].move, "dequeue");
    }
    assert.deepEqual(
      [...new Set(events.map(({ job }) => job))].sort((a, b) => a - b),
      [...jobs.keys()],
    );
  }
});

test("an attempt knows whether its handler reported", () => {
  const { events } = recordOf("every move");
  const attempts = events.filter(({ move }) => move === "dequeue");
  assert.deepEqual(
    attempts.map(({ reports }) => Boolean(reports)),
    [false, true, false, false, false],
  );
});

test("a record that starts in the middle of an attempt has that attempt", () => {
  const record = recordOf("late");
  assert.equal(record.describeEvent(0), "1 s · job #1 report is at 50 %");
  assert.deepEqual(
    record.events.map(({ started }) => started),
    [0, 1],
  );
});

test("events are counted by time, and those of that instant are among them", () => {
  for (const name of names) {
    const record = recordOf(name);
    for (const time of [record.start - 1, ...expected[name].times, record.end + 1]) {
      assert.equal(record.countAt(time), record.events.filter(({ at }) => at <= time).length);
    }
  }
});

test("workers are sorted as people count", () => {
  const { workers } = recordOf("crowd");
  assert.deepEqual(
    workers,
    [...Array(12).keys()].map((n) => `worker-1/${n + 1}`),
  );
});

test("a record that grows is the record that was there from the start", () => {
  for (const name of names) {
    const whole = recordOf(name);
    const grown = recordUpTo(name, 1);
    for (const event of expected[name].record.events.slice(1)) grown.add([event]);
    for (const what of ["events", "jobs", "workers", "lastOf", "unfinished", "peak", "start", "end", "origin"]) {
      assert.deepEqual(grown[what], whole[what], `${name}: ${what}`);
    }
  }
});

test("it counts the jobs that are unfinished at the end", () => {
  for (const name of names.filter((other) => other !== "late")) {
    const { counts } = expected[name];
    const unfinished = ["delayed", "waiting", "backing off", "processing"].map((phase) => counts[phase].at(-1));
    assert.equal(
      recordOf(name).unfinished,
      unfinished.reduce((a, b) => a + b),
    );
  }
});

test("no place ever holds more jobs than its peak", () => {
  for (const name of names.filter((other) => other !== "late")) {
    const { counts, times } = expected[name];
    const { peak } = recordOf(name);
    for (const n of times.keys()) {
      assert.ok(counts.delayed[n] + counts["backing off"][n] <= peak.heldBack);
      assert.ok(counts.waiting[n] <= peak.queue);
      assert.ok(counts.completed[n] <= peak.completed);
      assert.ok(counts.failed[n] <= peak.failed);
    }
  }
});

test("a place's peak is what it holds at once, be it for an instant", () => {
  const { heldBack, queue } = recordOf("every move").peak;
  assert.deepEqual([heldBack, queue], [2, 2]);
  const record = recordUpTo("every move", 0);
  const [enqueued, , dequeued] = expected["every move"].record.events;
  record.add([enqueued, [0, ...dequeued.slice(1)]]);
  assert.deepEqual(record.peak, { heldBack: 0, queue: 1, completed: 0, failed: 0 });
});

test("the queue's clock goes on from what it last showed", (t) => {
  const wall = mock.method(performance, "now", () => 5000);
  t.after(() => wall.mock.restore());
  const record = recordOf("live");
  wall.mock.mockImplementation(() => 7500);
  assert.equal(record.now(), expected.live.record.now + 2.5);
  record.synchronize(100);
  assert.equal(record.now(), 100);
});

test("an empty record has no events, and no time", () => {
  const record = recordOf("empty");
  assert.deepEqual([record.events.length, record.start, record.end, record.unfinished], [0, 0, 0, 0]);
  assert.deepEqual(record.peak, { heldBack: 0, queue: 0, completed: 0, failed: 0 });
});
