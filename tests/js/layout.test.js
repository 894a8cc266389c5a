import assert from "node:assert/strict";
import { test } from "node:test";
import { arrangeJobs, arrangeWorkers, placeBoxes, TITLE } from "../../jobqueue_lesson/show/js/layout.js";

const WIDTHS = [328, 358, 560, 700, 768, 1100];
const PLACES = ["heldBack", "queue", "workers", "completed", "failed"];
const listOf = (length) => [...Array(length).keys()];

/** What places need that hold at most as many jobs, with words of a width beside each. */
function needsOf(most, words = 105) {
  const needs = { api: 60 };
  for (const [n, place] of PLACES.entries()) needs[place] = { most: most[n], words };
  return needs;
}

const NEEDS = [
  [0, 1, 1, 1, 0],
  [1, 6, 1, 7, 0],
  [100, 100, 1, 100, 0],
  [0, 20, 4, 20, 3],
  [300, 5000, 40, 5000, 500],
  [0, 6, 0, 6, 0], // a live queue before its first job
].map((most) => needsOf(most));

function overlap(a, b) {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function assertApart(boxes) {
  for (const [n, one] of boxes.entries()) {
    for (const other of boxes.slice(n + 1)) assert.ok(!overlap(one, other), JSON.stringify([one, other]));
  }
}

function assertInside(box, { x, y, w, h }) {
  const near = 1e-9;
  const inside =
    box.x >= x - near && box.y >= y - near && box.x + box.w <= x + w + near && box.y + box.h <= y + h + near;
  assert.ok(inside, JSON.stringify([box, { x, y, w, h }]));
}

const token = ({ x, y, size }) => ({ x: x - size / 2, y: y - size / 2, w: size, h: size });

/** Call a function with the boxes of each stage: every width, and all needs. */
function onStages(check) {
  for (const width of WIDTHS) for (const needs of NEEDS) check({ ...placeBoxes(width, needs), width, needs });
}

test("places are on the stage and do not overlap; one for jobs that are not due, only where there are any", () => {
  onStages(({ boxes, height, width, needs }) => {
    for (const box of Object.values(boxes)) assertInside(box, { x: 0, y: 0, w: width, h: height });
    assertApart(Object.values(boxes));
    assert.deepEqual(
      Object.keys(boxes).toSorted(),
      ["api", ...PLACES].filter((place) => place !== "heldBack" || needs.heldBack.most).toSorted(),
    );
  });
});

test("a place that never holds a job has only its title; any other, room for all that it ever holds, or for a crowd", () => {
  onStages(({ boxes, needs }) => {
    for (const place of ["heldBack", "queue", "completed", "failed"].filter((name) => boxes[name])) {
      const { most } = needs[place];
      if (!most) assert.equal(boxes[place].h, TITLE);
      else {
        const { spots, hidden } = arrangeJobs(listOf(most), boxes[place], needs[place]);
        assert.ok(most > 300 || hidden === 0, `${place}: ${hidden} of ${most}`);
        assert.ok(spots.length >= Math.min(most, 120), `${place}: ${spots.length} of ${most}`);
      }
    }
  });
});

test("the stage is no higher than the record needs, and fits a screen", () => {
  const heights = (width) => NEEDS.map((needs) => placeBoxes(width, needs).height);
  for (const width of WIDTHS) for (const height of heights(width)) assert.ok(height <= (width < 620 ? 760 : 321));
  for (const [quiet, , crowded] of [heights(358), heights(1100)]) assert.ok(quiet < 0.75 * crowded);
});

test("on a phone, places are one below the other, in the order in which a job passes them", () => {
  const { boxes } = placeBoxes(358, NEEDS[1]);
  const down = Object.entries(boxes).toSorted(([, a], [, b]) => a.y - b.y);
  assert.deepEqual(
    down.map(([place]) => place),
    ["api", ...PLACES],
  );
  for (const [, { w }] of down) assert.equal(w, 358);
});

test("jobs are in their place, apart, and each is either seen or counted as hidden", () => {
  onStages(({ boxes, needs }) => {
    for (const place of ["queue", "completed"]) {
      for (const count of [0, 1, 7, 30, 5000].filter((few) => few <= needs[place].most)) {
        const { spots, hidden } = arrangeJobs(listOf(count), boxes[place], needs[place]);
        assert.equal(spots.length + hidden, count);
        for (const spot of spots) assertInside(token(spot), boxes[place]);
        if (count <= 30) assertApart(spots.map(token));
      }
    }
  });
});

test("jobs have their names beside them, whole, if the most there ever are fit in rows", () => {
  for (const width of [358, 768, 1100]) {
    const need = { most: 6, words: 105 };
    const { queue } = placeBoxes(width, { ...NEEDS[0], queue: need }).boxes;
    const named = arrangeJobs(listOf(6), queue, need).spots.map((spot) => {
      assert.ok(spot.row >= 105, `${spot.row}`);
      return { ...token(spot), w: spot.size + spot.row };
    });
    for (const box of named) assertInside(box, queue);
    assertApart(named);
    for (const crowd of [
      { most: 5000, words: 105 },
      { most: 6, words: 2000 },
    ]) {
      assert.ok(arrangeJobs(listOf(3), queue, crowd).spots.every(({ row }) => row === undefined));
    }
  }
});

test("every worker has a lane; if not all fit, those that are running a job", () => {
  for (const width of WIDTHS) {
    for (const count of [0, 1, 2, 4, 5, 20, 40]) {
      const needs = needsOf([0, 6, count, 6, 0]);
      const { workers: box } = placeBoxes(width, needs).boxes;
      const { lanes, tall } = arrangeWorkers(listOf(count), new Map(), box, needs.workers);
      assert.deepEqual(
        lanes.map(({ worker }) => worker),
        listOf(count),
      );
      for (const lane of lanes) assertInside(lane, box);
      assertApart(lanes);
      if (count && count <= 4) assert.ok(tall, "there is room for a worker's name and its job");
    }
    const running = new Map([
      [3, 0],
      [4444, 1],
    ]);
    const needs = needsOf([0, 6, 5000, 6, 0]);
    const { lanes } = arrangeWorkers(listOf(5000), running, placeBoxes(width, needs).boxes.workers, needs.workers);
    assert.deepEqual(
      lanes.map(({ worker }) => worker),
      [3, 4444],
    );
  }
});
