import assert from "node:assert/strict";
import { test } from "node:test";
import { compare, edition, isOwn, keeping, nameOfCopy, ownFiles } from "../../labextension/copies.js";
import { announcePython, keepAddress, toBook } from "../../labextension/site.js";
import { crc32, zip } from "../../labextension/zip.js";

const PAGE = "04_retries.ipynb";
const bytes = (text) => new TextEncoder().encode(text);

/** Return a page as the site has it. */
function page(...sources) {
  const notebook = {
    cells: sources.map((source) => ({ cell_type: "code", source, outputs: [], execution_count: null })),
    metadata: {},
  };
  notebook.metadata.jobqueue_lesson = { page: PAGE, edition: edition(notebook) };
  return notebook;
}

/** Return a copy of a page with its first cell changed. */
function changed(notebook, change) {
  const copy = structuredClone(notebook);
  Object.assign(copy.cells[0], change);
  return copy;
}

test("a checksum is that of zip files", () => {
  assert.equal(crc32(bytes("123456789")), 0xcbf43926); // the check value of CRC-32/ISO-HDLC
});

test("a zip has each file, and a directory that says where it is", async () => {
  const made = await new Blob(
    zip(
      [
        ["a.txt", bytes("one")],
        ["ü/b.txt", bytes("")],
      ],
      new Date(),
    ),
  ).bytes();
  const view = new DataView(made.buffer);
  const end = made.length - 22;
  assert.equal(view.getUint32(end, true), 0x06054b50);
  assert.equal(view.getUint16(end + 10, true), 2);
  const directory = view.getUint32(end + 16, true);
  assert.equal(view.getUint32(directory, true), 0x02014b50);
  assert.equal(directory + view.getUint32(end + 12, true), end);
});

test("a page is the visitor's own once it has been changed or run, or if the site has none of its name", () => {
  const fresh = page("queue = 1", "queue");
  assert.ok(!isOwn(fresh, PAGE));
  assert.ok(!isOwn(changed(fresh, { source: ["queue ", "= 1"] }), PAGE));
  assert.ok(isOwn(changed(fresh, { source: "queue = 2" }), PAGE));
  assert.ok(isOwn(changed(fresh, { execution_count: 1 }), PAGE));
  assert.ok(isOwn(changed(fresh, { outputs: [{ output_type: "stream" }] }), PAGE));
  assert.ok(isOwn(fresh, "04_retries-mine.ipynb"));
  assert.ok(isOwn({ cells: [], metadata: {} }, "Untitled.ipynb"));
});

test("an older page is replaced, or the visitor is asked if it is changed, until that one is to be kept", () => {
  const [old, now, later] = [page("a"), page("b"), page("c")];
  const mine = changed(old, { execution_count: 1 });
  assert.equal(compare(now, now), "keep");
  assert.equal(compare(changed(now, { source: "mine" }), now), "keep");
  assert.equal(compare(old, now), "replace");
  assert.equal(compare(mine, now), "ask");
  const kept = { ...mine, metadata: keeping(mine, now) };
  assert.equal(compare(kept, now), "keep");
  assert.equal(compare(kept, later), "ask");
  assert.equal(compare({ cells: [], metadata: {} }, now), "keep");
});

test("a copy gets a name that is free", () => {
  assert.equal(nameOfCopy(PAGE, [PAGE]), "04_retries-mine.ipynb");
  assert.equal(nameOfCopy(PAGE, ["04_retries-mine.ipynb", "04_retries-mine2.ipynb"]), "04_retries-mine3.ipynb");
});

test("the visitor's own files are all but pages that are as they were, in all folders", async () => {
  const files = {
    [PAGE]: { type: "notebook", format: "json", content: page("a") },
    "Untitled.ipynb": { type: "notebook", format: "json", content: { cells: [], metadata: {} } },
    "more/queue.py": { type: "file", format: "text", content: "é" },
    "more/a.bin": { type: "file", format: "base64", content: btoa("\x00\xff") },
  };
  const list = (paths) => ({ content: paths.map((path) => ({ path, type: files[path]?.type ?? "directory" })) });
  const folders = { "": list([PAGE, "Untitled.ipynb", "more"]), more: list(["more/queue.py", "more/a.bin"]) };
  const contents = { get: async (path) => folders[path] ?? files[path] };
  const own = Object.fromEntries(await ownFiles(contents));
  assert.deepEqual(Object.keys(own), ["Untitled.ipynb", "more/queue.py", "more/a.bin"]);
  assert.deepEqual(own["more/queue.py"], bytes("é"));
  assert.deepEqual(own["more/a.bin"], Uint8Array.of(0, 255));
  assert.deepEqual(JSON.parse(new TextDecoder().decode(own["Untitled.ipynb"])), { cells: [], metadata: {} });
});

test("only links to pages of the book are changed", () => {
  const read = { "GLOSSARY.md": "http://a/glossary.html" };
  const text = "[a](GLOSSARY.md#backoff) [b](GLOSSARY.md) [c](04_retries.ipynb) [d](OTHER.md) [e](constructor)";
  assert.equal(
    toBook(text, read),
    "[a](http://a/glossary.html#backoff) [b](http://a/glossary.html) [c](04_retries.ipynb) [d](OTHER.md) [e](constructor)",
  );
});

test("only the removal of the page from the address is suppressed", () => {
  const gone = [];
  const router = { navigate: (path) => gone.push(path) };
  globalThis.location = { search: "?path=a.ipynb" };
  keepAddress({ app: { shell: {} }, documents: {}, router });
  router.navigate("/lab/index.html", { skipRouting: true });
  router.navigate("/lab/index.html?path=b.ipynb", { skipRouting: true });
  router.navigate("/lab/tree");
  globalThis.location = { search: "" };
  router.navigate("/lab/index.html", { skipRouting: true });
  assert.deepEqual(gone, ["/lab/index.html?path=b.ipynb", "/lab/tree", "/lab/index.html"]);
});

test("it is said that Python is being loaded, that it does not come, and that it is there", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const said = [];
  const notify = { info: (message) => said.push(message), update: ({ message }) => said.push(message) };
  let open;
  let start;
  const info = new Promise((resolve) => {
    start = resolve;
  });
  const panel = { sessionContext: { ready: Promise.resolve(), session: { kernel: { info } } } };
  const tracker = {
    widgetAdded: {
      connect: (slot) => {
        open = slot;
      },
      disconnect: () => {},
    },
  };
  announcePython({ app: { restored: Promise.resolve() }, tracker, notify, megabytes: 34, host: "cdn.example" });
  const done = open(tracker, panel);
  await Promise.resolve();
  assert.match(said.at(-1), /is starting in your browser.*34 MB/);
  context.mock.timers.tick(120_000);
  assert.match(said.at(-1), /has not started in two minutes.*reach cdn\.example, then reload this page\.$/);
  start();
  await done;
  assert.equal(said.at(-1), "Python is ready.");
});
