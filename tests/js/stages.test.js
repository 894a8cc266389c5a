import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Record } from "../../jobqueue_lesson/show/js/record.js";
import { liveModel } from "../../jobqueue_lesson/show/js/stages.js";
import { stages, words } from "./histories.js";

const STEP = 10; // milliseconds
const MESSAGES = { enqueue: { enqueue: 0 }, start: { start: true }, stop: { stop: true } };

const rounded = (value) =>
  JSON.parse(JSON.stringify(value), (_, v) => (typeof v === "number" ? Number(v.toFixed(6)) : v));

/** Press the buttons of a stage when they were pressed in Python. Return what happened. */
function use({ data, presses }) {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const clock = () => Date.now() / 1000;
  const model = liveModel(data, words.live, clock);
  const [events, said] = [[], []];
  model.on("msg:custom", (message) => events.push(...message.events));
  model.on("change:state", () => said.push([clock(), model.get("state")]));
  const left = [...presses];
  for (let now = 0; now < 40_000; now += STEP) {
    while (left.length && left[0][0] * 1000 <= now) model.send(MESSAGES[left.shift()[1]]);
    mock.timers.tick(STEP);
  }
  mock.timers.reset();
  return { model, events, said };
}

test("a stage's copy does what Python does, at the same time, and says the same", () => {
  assert.deepEqual(Object.keys(stages), ["slow api", "page 1"]);
  for (const stage of Object.values(stages)) {
    const { events, said } = use(stage);
    assert.deepEqual(rounded(events), rounded(stage.events));
    assert.deepEqual(rounded(said), rounded(stage.said));
  }
});

test("a record takes a copy's events for a live queue's", () => {
  const { model, events } = use(stages["slow api"]);
  const record = new Record(model.get("record"));
  assert.deepEqual([record.live, record.events.length, record.workers], [true, 0, ["place/1", "place/2"]]);
  record.add(events);
  assert.equal(record.unfinished, 0);
  assert.deepEqual(
    new Set(record.events.map(({ status }) => status)),
    new Set(["pending", "processing", "completed", "failed"]),
  );
});
