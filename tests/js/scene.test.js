import assert from "node:assert/strict";
import { test } from "node:test";
import { attemptAt, Scene } from "../../jobqueue_lesson/show/js/scene.js";
import { expected, names, recordOf, recordUpTo } from "./histories.js";

function sceneAt(record, time) {
  const scene = new Scene(record);
  scene.seek(record.countAt(time));
  return scene;
}

test("at any time as many jobs are in each state as Python counts", () => {
  for (const name of names.filter((other) => other !== "late")) {
    const { times, counts } = expected[name];
    for (const [n, time] of times.entries()) {
      const scene = sceneAt(recordOf(name), time);
      const { heldBack, queue, completed, failed, running } = scene.places(time);
      const phases = { delayed: 0, waiting: 0, "backing off": 0, processing: 0, completed: 0, failed: 0 };
      for (const job of [...heldBack, ...queue, ...completed, ...failed, ...running.values()]) {
        phases[scene.lookOf(job, time)] += 1;
      }
      for (const [phase, count] of Object.entries(phases)) {
        assert.equal(count, counts[phase][n], `${name} at ${time}: ${phase}`);
      }
      assert.equal(queue.length, counts.waiting[n]);
      assert.equal(running.size, counts.processing[n]);
    }
  }
});

test("the next job in the queue is the one that is dequeued next", () => {
  for (const name of names) {
    const record = recordOf(name);
    const scene = new Scene(record);
    for (const [index, event] of record.events.entries()) {
      scene.seek(index);
      if (event.move === "dequeue") assert.equal(scene.places(event.at).queue[0], event.job);
    }
  }
});

test("while nobody knows which job that will be, it is the one that the queue would choose", () => {
  for (const name of names) {
    const { events } = recordOf(name);
    for (const [index, event] of events.entries()) {
      if (event.move !== "dequeue") continue;
      const scene = new Scene(recordUpTo(name, index));
      scene.seek(index);
      assert.equal(scene.places(event.at).queue[0], event.job, `${name}, event ${index}`);
    }
  }
});

test("backwards it is the scene that it was forwards", () => {
  for (const name of names) {
    const record = recordOf(name);
    const scene = new Scene(record);
    const seen = [];
    const look = (count) => {
      scene.seek(count);
      const time = count ? record.events[count - 1].at : record.start;
      return [scene.enqueued, scene.places(time)];
    };
    for (let count = 0; count <= record.events.length; count++) seen.push(look(count));
    for (let count = record.events.length; count >= 0; count--) assert.deepEqual(look(count), seen[count]);
  }
});

test("held-back jobs are in the order in which they come due, finished ones in that in which they finished", () => {
  const record = recordOf("crowd");
  for (const time of expected.crowd.times) {
    const scene = sceneAt(record, time);
    const { heldBack, completed, failed } = scene.places(time);
    const due = heldBack.map((job) => scene.eventOf(job).due);
    assert.deepEqual(
      due,
      due.toSorted((a, b) => a - b),
    );
    for (const finished of [completed, failed]) {
      const at = finished.map((job) => scene.eventOf(job).at);
      assert.deepEqual(
        at,
        at.toSorted((a, b) => a - b),
      );
    }
  }
});

test("a worker has the job that it dequeued, until its attempt ends", () => {
  const record = recordOf("every move");
  const running = (time) => Object.fromEntries(sceneAt(record, time).places(time).running);
  assert.deepEqual([1, 2, 3, 5, 7, 12].map(running), [{ ann: 0 }, { bob: 0 }, { bob: 0 }, {}, { ann: 0 }, { bob: 1 }]);
});

test("a job is at the attempt that it was picked up for; one that was released does not count, one that failed does", () => {
  const record = recordOf("every move");
  const attemptAfter = (count) => {
    const scene = new Scene(record);
    scene.seek(count);
    return attemptAt(scene.eventOf(0));
  };
  assert.deepEqual([1, 3, 4, 5, 8, 9, 11, 12].map(attemptAfter), [1, 1, 1, 1, 2, 2, 1, 1]);
});

test("a discarded job is nowhere", () => {
  const record = recordOf("every move");
  const [before, after] = [13, 14].map((time) => sceneAt(record, time).places(time));
  assert.deepEqual([before.failed, after.failed], [[1], []]);
  assert.deepEqual(after.completed, [0]);
});
