import assert from "node:assert/strict";
import { test } from "node:test";
import { arrangeJobs, arrangeWorkers, placeBoxes } from "../../jobqueue_lesson/show/js/layout.js";

const SIZES = [
  [330, 300],
  [640, 320],
  [1200, 420],
];
const listOf = (length) => [...Array(length).keys()];

function overlap(a, b) {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}

function assertApart(boxes) {
  for (const [n, one] of boxes.entries()) {
    for (const other of boxes.slice(n + 1)) assert.ok(!overlap(one, other), JSON.stringify([one, other]));
  }
}

function assertInside(box, { x, y, w, h }) {
  const inside = box.x >= x && box.y >= y && box.x + box.w <= x + w + 1e-9 && box.y + box.h <= y + h + 1e-9;
  assert.ok(inside, JSON.stringify([box, { x, y, w, h }]));
}

const token = ({ x, y, size }) => ({ x: x - size / 2, y: y - size / 2, w: size, h: size });

test("places fill the stage and do not overlap", () => {
  for (const [w, h] of SIZES) {
    for (const hasHeldBack of [false, true]) {
      const { heldBack, ...others } = placeBoxes(w, h, hasHeldBack);
      const boxes = [...Object.values(others), ...(hasHeldBack ? [heldBack] : [])];
      for (const box of boxes) assertInside(box, { x: 0, y: 0, w, h });
      assertApart(boxes);
    }
  }
});

test("jobs are in their place, apart, and each is either seen or counted as hidden", () => {
  for (const [width, height] of SIZES) {
    for (const box of Object.values(placeBoxes(width, height, true))) {
      for (const count of [0, 1, 7, 30, 5000]) {
        const { spots, hidden } = arrangeJobs(listOf(count), box, Math.max(count, 7));
        assert.equal(spots.length + hidden, count);
        for (const spot of spots) assertInside(token(spot), box);
        if (count <= 30) assertApart(spots.map(token));
      }
    }
  }
});

test("jobs have their names beside them if the most there ever are fit in rows", () => {
  const { queue } = placeBoxes(1200, 420, false);
  for (const count of [3, 20]) {
    const named = arrangeJobs(listOf(count), queue, count).spots.map((spot) => {
      assert.ok(spot.row > 100);
      return { ...token(spot), w: spot.size + spot.row };
    });
    for (const box of named) assertInside(box, queue);
    assertApart(named);
  }
  assert.ok(arrangeJobs(listOf(3), queue, 5000).spots.every(({ row }) => row === undefined));
});

test("every worker has a lane; if not all fit, those that are running a job", () => {
  for (const [width, height] of SIZES) {
    const { workers: box } = placeBoxes(width, height, false);
    for (const count of [0, 1, 5, 20]) {
      const { lanes } = arrangeWorkers(listOf(count), new Map(), box);
      assert.deepEqual(
        lanes.map(({ worker }) => worker),
        listOf(count),
      );
      for (const lane of lanes) assertInside(lane, box);
      assertApart(lanes);
    }
    const running = new Map([
      [3, 0],
      [4444, 1],
    ]);
    const { lanes } = arrangeWorkers(listOf(5000), running, box);
    assert.deepEqual(
      lanes.map(({ worker }) => worker),
      [3, 4444],
    );
  }
});
