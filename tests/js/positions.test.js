import assert from "node:assert/strict";
import { test } from "node:test";
import { Positions } from "../../jobqueue_lesson/show/js/positions.js";

const DATA = {
  controls: [
    { name: "base", start: 1 },
    { name: "jitter", start: 0 },
  ],
  start: "the start",
  positions: { base: ["b0", "b1", "b2"], jitter: "jitter.json" },
};

/** Positions whose `jitter` has to be loaded, and the loads so far: call one of `answer` to end the oldest that waits. */
function loading() {
  const waiting = [];
  const asked = [];
  const load = (address) => {
    asked.push(address);
    return new Promise((resolve, reject) => waiting.push({ resolve, reject }));
  };
  const positions = new Positions(DATA, load);
  return {
    positions,
    asked,
    answer: () => waiting.shift().resolve(["j0", "j1"]),
    fail: () => waiting.shift().reject(),
  };
}

test("it starts where all controls start, and a reset goes back there", async () => {
  const { positions } = loading();
  assert.equal(await positions.seen(), "the start");
  positions.move("base", 2);
  assert.equal(await positions.seen(), "b2");
  positions.reset();
  assert.equal(await positions.seen(), "the start");
});

test("one control at a time is away from its start", async () => {
  const { positions, answer } = loading();
  positions.move("base", 0);
  positions.move("jitter", 1);
  assert.deepEqual([...positions.at], [...Object.entries({ base: 1, jitter: 1 })]);
  const seen = positions.seen();
  answer();
  assert.equal(await seen, "j1");
});

test("a move tells which control it has set back", () => {
  const { positions } = loading();
  assert.equal(positions.move("jitter", 1), undefined);
  assert.equal(positions.move("base", 2).name, "jitter");
  assert.equal(positions.move("base", 0), undefined);
  assert.equal(positions.move("base", 1), undefined);
  assert.equal(positions.move("jitter", 1), undefined); // base was at its start
  positions.reset();
  assert.equal(positions.move("base", 2), undefined);
});

test("the positions of a control are loaded once", async () => {
  const { positions, asked, answer } = loading();
  const both = [positions.of("jitter"), positions.of("jitter")];
  answer();
  await Promise.all(both);
  positions.move("jitter", 1);
  assert.deepEqual([await positions.seen(), asked], ["j1", ["jitter.json"]]);
});

test("after a failure they are loaded again", async () => {
  const { positions, asked, answer, fail } = loading();
  positions.move("jitter", 1);
  const seen = positions.seen();
  fail();
  await assert.rejects(seen);
  const again = positions.seen();
  answer();
  assert.deepEqual([await again, asked.length], ["j1", 2]);
});

test("what comes late, when a control has moved on, is not shown", async () => {
  const { positions, answer } = loading();
  positions.move("jitter", 1);
  const late = positions.seen();
  positions.move("base", 2);
  assert.equal(await positions.seen(), "b2");
  answer();
  assert.equal(await late, null);
});
