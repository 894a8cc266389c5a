import assert from "node:assert/strict";
import { test } from "node:test";
import { Kept } from "../../jobqueue_lesson/show/js/kept.js";
import { Answer, Question } from "../../jobqueue_lesson/show/js/question.js";
import { questions, words } from "./histories.js";

/** A browser's storage: what was set, as text. */
class Storage {
  constructor() {
    this.items = {};
  }
  getItem(key) {
    return this.items[key] ?? null;
  }
  setItem(key, value) {
    this.items[key] = String(value);
  }
}

const FORBIDDEN = () => {
  throw new Error("SecurityError");
};

const answerTo = (kept, name = "retries/one") => new Answer(new Question(questions[0].data, words.card), name, kept);

test("a question says to each answer what it says in Python", () => {
  assert.ok(questions.length > 3);
  for (const { data, answers } of questions) {
    const question = new Question(data, words.card);
    assert.deepEqual(question.letters, Object.keys(answers));
    for (const [letter, [line, why]] of Object.entries(answers)) {
      assert.deepEqual([question.line(letter), question.reasons(letter).join("\n")], [line, why]);
    }
  }
});

test("an answer is kept by what its option says, and known on the next visit, wherever the option is then", () => {
  const storage = new Storage();
  answerTo(new Kept(() => storage)).commit("B");
  const again = answerTo(new Kept(() => storage));
  assert.deepEqual([again.letter, again.recalled], ["B", true]);

  const { asks, options } = questions[0].data;
  const moved = new Question({ asks, options: [options[2], options[0], options[1]] }, words.card);
  assert.equal(new Answer(moved, "retries/one", new Kept(() => storage)).letter, "C");
  const without = new Question({ asks, options: [options[0], options[2]] }, words.card);
  assert.equal(new Answer(without, "retries/one", new Kept(() => storage)).letter, null);
});

test("an answer that was taken back is forgotten, those to other cards are not", () => {
  const storage = new Storage();
  const kept = new Kept(() => storage);
  answerTo(kept, "retries/other").commit("A");
  const answer = answerTo(kept);
  answer.commit("C");
  answer.forget();
  const later = new Kept(() => storage);
  assert.deepEqual([answerTo(later).letter, answerTo(later, "retries/other").letter], [null, "A"]);
});

test("a card and its reason share an answer, and both hear of it", () => {
  const answer = answerTo(new Kept(() => new Storage()));
  const heard = [];
  for (const who of ["card", "reason"]) answer.onChange(() => heard.push([who, answer.letter]));
  answer.commit("A");
  answer.forget();
  assert.deepEqual(heard, [
    ["card", "A"],
    ["reason", "A"],
    ["card", null],
    ["reason", null],
  ]);
});

test("without a storage, or with something strange in it, an answer lasts as long as the page", () => {
  const strange = (text) => () => Object.assign(new Storage(), { getItem: () => text });
  for (const storage of [
    FORBIDDEN,
    () => undefined,
    strange("{"),
    strange("[1]"),
    strange('"text"'),
    strange("null"),
  ]) {
    const kept = new Kept(storage);
    assert.equal(answerTo(kept).letter, null);
    answerTo(kept).commit("B");
    assert.equal(answerTo(kept).letter, "B");
    answerTo(kept).forget();
    assert.equal(answerTo(kept).letter, null);
  }
});

test("a card without a name is not kept", () => {
  const storage = new Storage();
  const kept = new Kept(() => storage);
  answerTo(kept, "").commit("B");
  assert.deepEqual([storage.items, answerTo(kept, "").letter], [{}, null]);
});
