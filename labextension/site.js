// What the course adds to JupyterLab on its web site, where JupyterLab has no server: a page's address lasts, links lead
// to the book, one is told what is being loaded and that a page has a newer version, and can download what one has done.

import { compare, keeping, nameOfCopy, ownFiles, stampOf } from "./copies.js";
import { zip } from "./zip.js";

const DOWNLOAD = "jobqueue-lesson:download-work";
const NARROW = 800; // CSS pixels: less than that is no room for a list of files beside a page
const PATIENCE = 120_000; // milliseconds for Python to start
const MARKDOWN = "text/markdown";

/** Have the address name the page that is open, so that reloading, a bookmark and Back do what one expects.
 *
 * JupyterLite opens the page in `?path=`, and then adds an address without it to the browser's history.
 */
export function keepAddress({ app, documents, router }) {
  const navigate = router.navigate.bind(router);
  router.navigate = (path, options) => {
    const removes = options?.skipRouting && new URLSearchParams(location.search).has("path") && !/[?&]path=/.test(path);
    if (!removes) navigate(path, options);
  };
  app.shell.currentChanged?.connect((_, { newValue }) => {
    const path = newValue && documents.contextForWidget(newValue)?.path;
    const address = new URL(location.href);
    address.searchParams.delete("path");
    if (path) address.searchParams.set("path", path);
    history.replaceState(history.state, "", address);
  });
}

/** Return a page's text with its links to files that are pages of the book leading there.
 *
 * @param read by the name of a file: where it can be read, as a full address
 */
export function toBook(text, read) {
  return text.replace(/\]\(([\w.]+)(#[^)\s]*)?\)/g, (link, file, place = "") =>
    Object.hasOwn(read, file) ? `](${read[file]}${place})` : link,
  );
}

/** Have links to the glossary and the like lead to the book. In the page itself, they stay as they are. */
function linkToBook({ renderers, base, read }) {
  const full = Object.fromEntries(Object.entries(read).map(([file, place]) => [file, new URL(place, base).href]));
  const factory = renderers.getFactory(MARKDOWN);
  renderers.addFactory({
    ...factory,
    mimeTypes: [MARKDOWN],
    createRenderer(options) {
      const shown = factory.createRenderer(options);
      const render = shown.renderModel.bind(shown);
      shown.renderModel = (model) => {
        const data = { ...model.data, [MARKDOWN]: toBook(String(model.data[MARKDOWN] ?? ""), full) };
        return render(Object.create(model, { data: { value: data } }));
      };
      return shown;
    },
  });
}

/** Say, once, that Python is being loaded, and when it is there, or that it does not come. */
export function announcePython({ app, tracker, notify, megabytes, host }) {
  const onFirst = async (_, { sessionContext }) => {
    tracker.widgetAdded.disconnect(onFirst);
    await app.restored; // before, nobody would see it
    const id = notify.info(
      `Python is starting in your browser. The first time, it loads ${megabytes} MB. Read on meanwhile.`,
      { autoClose: false },
    );
    const check = host ? `Check that your browser can reach ${host}, then reload` : "Reload";
    const late = `Python has not started in two minutes. ${check} this page.`;
    const impatient = setTimeout(() => notify.update({ id, type: "warning", message: late }), PATIENCE);
    await sessionContext.ready;
    await sessionContext.session?.kernel?.info;
    clearTimeout(impatient);
    notify.update({ id, type: "success", message: "Python is ready.", autoClose: 2000 });
  };
  tracker.widgetAdded.connect(onFirst);
}

/** If a visitor's copy of a page is of an older edition than the site's, offer the newer one. */
async function offerNewer(panel, { app, base, notify }) {
  const { context } = panel;
  await context.ready;
  const path = context.path;
  const visitors = context.model.toJSON();
  if (stampOf(visitors)?.page !== path) return;
  const answer = await fetch(new URL(`files/${encodeURIComponent(path)}`, base), { cache: "no-cache" });
  if (!answer.ok) return;
  const sites = await answer.json();
  const open = async () => {
    context.model.fromJSON(sites);
    await context.save();
  };
  const openAndKeep = async () => {
    const { contents } = app.serviceManager;
    const names = (await contents.get("")).content.map((file) => file.path);
    const copy = nameOfCopy(path, names);
    await contents.save(copy, { type: "notebook", format: "json", content: context.model.toJSON() });
    await open();
    notify.success(`Your page is in the list of files, as ${copy}.`, { autoClose: 8000 });
  };
  const keep = async () => {
    for (const [name, value] of Object.entries(keeping(context.model.toJSON(), sites))) {
      context.model.setMetadata(name, value);
    }
    await context.save();
  };
  const todo = compare(visitors, sites);
  if (todo === "replace") await open();
  if (todo !== "ask") return;
  notify.info("This page has a newer version. You can open it and keep yours beside it, or go on with yours.", {
    autoClose: false,
    actions: [
      { label: "Open the new page", displayType: "accent", callback: openAndKeep },
      { label: "Keep mine", callback: keep },
    ],
  });
}

/** Save all open pages, and download what a visitor has written, in one .zip. */
async function downloadWork({ app, tracker, notify }) {
  const unsaved = tracker.filter((panel) => panel.context.model.dirty);
  await Promise.all(unsaved.map((panel) => panel.context.save()));
  const files = await ownFiles(app.serviceManager.contents);
  if (!files.length) {
    notify.info("There is nothing to download yet: you have not run or changed a page.", { autoClose: 5000 });
    return;
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(zip(files, new Date()), { type: "application/zip" }));
  link.download = "my-background-jobs.zip";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** Offer the download in the command palette, and in the toolbar of each page. */
function offerDownload(site) {
  const { app, palette, tracker, ui } = site;
  app.commands.addCommand(DOWNLOAD, {
    label: "Download my work",
    caption: "All pages that you have run or changed, and what you have solved, in one .zip",
    execute: () => downloadWork(site),
  });
  palette?.addItem({ command: DOWNLOAD, category: "Course" });
  tracker.widgetAdded.connect((_, { toolbar }) => {
    const button = new ui.CommandToolbarButton({ commands: app.commands, id: DOWNLOAD, label: "Download my work" });
    toolbar.insertItem(9, "download-work", button);
  });
}

/** Add all of it.
 *
 * @param site JupyterLab's `app`, `documents`, `router`, `renderers`, `tracker`, `palette` and `ui`, its notifications
 *     (`notify`), JupyterLite's own address (`base`), and what the site says: `read`, `megabytes` and `host`
 */
export function activate(site) {
  keepAddress(site);
  linkToBook(site);
  announcePython(site);
  offerDownload(site);
  site.tracker.widgetAdded.connect((_, panel) => {
    offerNewer(panel, site).catch(console.warn); // the page can be used all the same
  });
  if (window.innerWidth < NARROW) leaveRoom(site.app);
}

/** Close the list of files, which is opened when the first page is. */
function leaveRoom(app) {
  const onShown = async (_, { id, result }) => {
    if (id !== "docmanager:show-in-file-browser") return;
    app.commands.commandExecuted.disconnect(onShown);
    await result;
    app.shell.collapseLeft?.();
  };
  app.commands.commandExecuted.connect(onShown);
}
