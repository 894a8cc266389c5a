import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Player, speedsFor } from "../../jobqueue_lesson/show/js/player.js";
import { expected, names, recordOf, recordUpTo } from "./histories.js";

const FRAME = 1 / 60;

/** Play to the end; return the counts of events that were shown, and the seconds of real time that it took. */
function play(player, speed) {
  player.speed = speed;
  player.toggle();
  const counts = [];
  let seconds = 0;
  let goesOn = true;
  while (goesOn) {
    goesOn = player.tick(FRAME);
    seconds += FRAME;
    counts.push(player.count);
    assert.ok(seconds < 60, "it does not end");
  }
  return { counts, seconds };
}

test("it starts before the first event, paused", () => {
  for (const name of names.filter((other) => other !== "live")) {
    const { record, ...player } = new Player(recordOf(name));
    assert.deepEqual(
      [player.scene.count, player.time, player.playing, player.following],
      [0, record.start, false, false],
    );
  }
});

test("it steps through every event, to the end and back", () => {
  const record = recordOf("flaky");
  const player = new Player(record);
  for (const [index, event] of record.events.entries()) {
    player.step(1);
    assert.deepEqual([player.count, player.time], [index + 1, event.at]);
  }
  player.step(1);
  assert.equal(player.count, record.events.length);
  for (let count = record.events.length - 1; count >= 0; count--) {
    player.step(-1);
    assert.equal(player.count, count);
  }
  player.step(-1);
  assert.deepEqual([player.count, player.time], [0, record.start]);
});

test("it shows what had happened by a time, and no time outside of the record", () => {
  for (const name of names) {
    const record = recordOf(name);
    const player = new Player(record);
    for (const time of expected[name].times) {
      player.seek(time);
      assert.deepEqual([player.time, player.count], [time, record.countAt(time)]);
    }
    player.seek(record.start - 10);
    assert.equal(player.time, record.start);
    player.seek(record.end + 10);
    assert.deepEqual([player.time, player.atEnd], [record.end, true]);
  }
});

test("it plays every event in order to the end, and pauses there", () => {
  for (const name of names.filter((other) => other !== "live")) {
    const record = recordOf(name);
    const player = new Player(record);
    const { counts, seconds } = play(player, speedsFor(record.end - record.start).best);
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
    );
    assert.deepEqual([player.count, player.time, player.active], [record.events.length, record.end, false]);
    assert.ok(seconds < 25, `${name} takes ${seconds} s`);
  }
});

test("the time that is shown passes at the speed that was chosen", () => {
  const record = recordOf("every move");
  const player = new Player(record);
  player.jumpTo(3); // at 1 s; the next event is at 2 s
  player.speed = 0.5;
  player.toggle();
  for (let n = 0; n < 4; n++) player.tick(0.25);
  assert.deepEqual([player.time, player.count], [1.5, 3]);
});

test("events of one instant are seen one after the other, each for a moment, together for a second at most", () => {
  const { counts } = play(new Player(recordOf("every move")), 1000);
  assert.deepEqual([...new Set(counts)], [...Array(17).keys()].slice(1));

  const crowd = recordUpTo("every move", 0);
  const [[at, move, , ...rest]] = expected["every move"].record.events;
  crowd.add([...Array(100).keys()].map((n) => [at, move, n + 1, ...rest]));
  const { counts: shown, seconds } = play(new Player(crowd), 1000);
  assert.ok(new Set(shown).size > 50);
  assert.ok(seconds < 1.5, `takes ${seconds} s`);
});

test("the last event is shown for a moment, too, before it pauses", () => {
  const record = recordOf("every move");
  const player = new Player(record);
  player.speed = 1000;
  player.jumpTo(record.events.length - 1);
  player.toggle();
  assert.deepEqual([player.tick(FRAME), player.count], [true, record.events.length]);
  assert.deepEqual([player.tick(0.05), player.tick(0.1)], [true, false]);
});

test("it pauses, and goes on from there", () => {
  const player = new Player(recordOf("flaky"));
  player.toggle();
  player.tick(0.3);
  const { time, count } = player;
  player.toggle();
  assert.equal(player.tick(0.3), false);
  assert.deepEqual([player.time, player.count, player.active], [time, count, false]);
  player.toggle();
  assert.equal(player.tick(0.3), true);
  assert.ok(player.time > time || player.count > count);
});

test("at the end it plays from the start again", () => {
  const record = recordOf("flaky");
  const player = new Player(record);
  player.seek(record.end);
  player.toggle();
  assert.deepEqual([player.playing, player.count, player.time], [true, 0, record.start]);
});

test("a live record is followed until somebody looks back, and again from its end", (t) => {
  const wall = mock.method(performance, "now", () => 0);
  t.after(() => wall.mock.restore());
  const record = recordOf("live");
  const player = new Player(record);
  assert.deepEqual([player.following, player.count], [true, record.events.length]);
  wall.mock.mockImplementation(() => 4000);
  assert.equal(player.tick(FRAME), true);
  assert.equal(player.time, expected.live.record.now + 4);

  player.pause();
  player.step(-1);
  assert.equal(player.tick(FRAME), false);
  assert.equal(player.count, record.events.length - 1);

  player.seek(record.end);
  player.toggle();
  assert.deepEqual([player.following, player.playing], [true, false]);
});

test("a live record in which every job is finished stands still", () => {
  const record = recordOf("live");
  const finish = (id) => [record.end, "complete", id, "report", "completed", 1, 0, 0, "worker-1", null, null, ""];
  record.add([finish(2), finish(3)]);
  const player = new Player(record);
  assert.deepEqual([player.tick(FRAME), player.count], [false, record.events.length]);
});

test("an empty record can be played", () => {
  const player = new Player(recordOf("empty"));
  player.toggle();
  assert.deepEqual([player.tick(FRAME), player.count, player.time], [false, 0, 0]);
});

test("speeds to choose from have real time among them, and one that takes about ten seconds", () => {
  for (const duration of [0, 0.03, 8, 3600, 86400 * 30]) {
    const { speeds, best } = speedsFor(duration);
    assert.ok(speeds.includes(1) && speeds.includes(best) && speeds.length >= 6, String(speeds));
    assert.deepEqual(
      speeds,
      speeds.toSorted((a, b) => a - b),
    );
    if (duration) assert.ok(duration / best > 6 && duration / best < 16, `${duration} at ${best}`);
  }
});

test("in a live queue, the keys do nothing before its first event, and behind the last one it is followed again", () => {
  const record = recordUpTo("live", 0);
  const player = new Player(record);
  const add = (count) => {
    record.add(expected.live.record.events.slice(record.events.length, count));
    player.grow();
  };
  for (const step of [1, -1]) player.go(() => player.step(step));
  assert.equal(player.following, true);
  add(2);
  assert.deepEqual([player.count, player.time], [2, record.events[1].at]);
  player.go(() => player.step(-1));
  add(3);
  assert.deepEqual([player.count, player.following], [1, false]);
  player.go(() => player.step(1));
  assert.deepEqual([player.count, player.following], [2, false]);
  player.go(() => player.step(1));
  assert.deepEqual([player.count, player.following], [3, true]);
});

test("a live queue that is paused before its first event shows when that was", () => {
  const record = recordUpTo("live", 0);
  const player = new Player(record);
  player.toggle();
  record.add(expected.live.record.events);
  player.grow();
  assert.deepEqual([player.count, player.time], [0, record.start]);
});
