// A page of the course's web site, and the copy that a visitor's browser keeps of it once something in it has changed.
//
// The site writes into each page's metadata what it is called there, and which edition it is: a checksum of its cells.

import { crc32 } from "./zip.js";

const STAMP = "jobqueue_lesson";
const text = (source) => (Array.isArray(source) ? source.join("") : source);

/** Return what the site has written into a page: { page, edition } and, if the visitor wants to keep it, { kept }. */
export const stampOf = (notebook) => notebook.metadata?.[STAMP];

/** Return a checksum of what is in a page's cells: see `edition` in tools/website/lite.py. */
export function edition(notebook) {
  const all = notebook.cells.map((cell) => `${cell.cell_type}\0${text(cell.source)}\0`).join("");
  return crc32(new TextEncoder().encode(all)).toString(16).padStart(8, "0");
}

/** Whether a visitor has changed or run anything in a page, or has made the page. */
export function isOwn(notebook, path) {
  const stamp = stampOf(notebook);
  const hasRun = (cell) => cell.outputs?.length || cell.execution_count;
  return stamp?.page !== path || stamp.edition !== edition(notebook) || notebook.cells.some(hasRun);
}

/** Return what to do with a visitor's page, now that the site has this one: "keep" it, "replace" it, or "ask". */
export function compare(visitors, sites) {
  const [theirs, ours] = [stampOf(visitors), stampOf(sites)];
  if (!theirs || !ours || theirs.edition === ours.edition || theirs.kept === ours.edition) return "keep";
  return isOwn(visitors, ours.page) ? "ask" : "replace";
}

/** Return the metadata of a page that is to be kept, though the site has this one. */
export function keeping(visitors, sites) {
  return { ...visitors.metadata, [STAMP]: { ...stampOf(visitors), kept: stampOf(sites).edition } };
}

/** Return the name for a copy of a page: 04_retries-mine.ipynb or, if there is one, 04_retries-mine2.ipynb. */
export function nameOfCopy(path, taken) {
  const stem = path.replace(/\.ipynb$/, "");
  for (let number = 1; ; number++) {
    const name = `${stem}-mine${number > 1 ? number : ""}.ipynb`;
    if (!taken.includes(name)) return name;
  }
}

/** Return what a visitor has written, as a list of [path, bytes]: all files but pages of the site that are as they were.
 *
 * @param contents JupyterLab's contents manager
 */
export async function ownFiles(contents, folder = "") {
  const { content } = await contents.get(folder, { content: true });
  const files = [];
  for (const { path, type } of content) {
    if (type === "directory") {
      files.push(...(await ownFiles(contents, path)));
    } else {
      const file = await contents.get(path, { content: true });
      if (type !== "notebook" || isOwn(file.content, path)) files.push([path, bytesOf(file)]);
    }
  }
  return files;
}

/** Return the content of a file, as the contents manager gives it, in bytes. */
function bytesOf({ content, format }) {
  if (format === "base64") return Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  return new TextEncoder().encode(format === "json" ? `${JSON.stringify(content, null, 1)}\n` : (content ?? ""));
}
