import assert from "node:assert/strict";
import { test } from "node:test";
import { advise, makes } from "../../labextension/names.js";
import { addressOf } from "../../labextension/pictures.js";

test("a name is made by an assignment, a definition, an import, a loop or a with", () => {
  for (const source of [
    "queue = JobQueue()",
    "first, queue = 1, 2",
    "(queue, history) = run()",
    "queue: JobQueue = JobQueue()",
    "x = 1\nqueue = 2",
    "def queue(n):\n    return n",
    "async def queue():\n    pass",
    "class queue:\n    pass",
    "import queue",
    "import asyncio, queue",
    "from x import queue",
    "from x import (\n    history,\n    queue,\n)",
    "import x as queue",
    "for queue in queues:\n    pass",
    "with open_queue() as queue:\n    pass",
  ]) {
    assert.ok(makes(source, "queue"), source);
  }
});

test("a name is not made where it is only used", () => {
  for (const source of [
    "queue.enqueue(1)",
    "queue == other",
    "print(queue)",
    "my_queue = 1",
    "queued = 1",
    'text = "queue"',
    "other = queue",
    "f(queue=1)",
  ]) {
    assert.ok(!makes(source, "queue"), source);
  }
});

test("what to do depends on where the name is made", () => {
  const sources = ["", "queue = 1", "queue.go()", "later = 2"];
  assert.match(advise("queue", sources, 2), /“queue” is made in a cell further up.*Run All Above Selected Cell/);
  assert.match(advise("later", sources, 2), /further down.*in order/);
  assert.equal(advise("missing", sources, 2), "");
});

test("a picture is drawn in the colours of the page, and stands alone", () => {
  const svg = '<svg viewBox="0 0 9 9" fill="currentColor"><text>é & “#1”</text></svg>';
  const address = addressOf(svg, { ink: "rgba(255, 255, 255, 0.87)", paper: "#111111" });
  const [type, drawn] = [address.slice(0, 19), decodeURIComponent(address.slice(19))];
  assert.equal(type, "data:image/svg+xml,");
  assert.match(
    drawn,
    /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" style="color:rgba\(255, 255, 255, 0.87\);--jq-paper:#111111;/,
  );
  assert.ok(drawn.endsWith(svg.slice(5)));
});
