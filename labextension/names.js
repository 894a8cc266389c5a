// After a kernel has been restarted, a cell in the middle of a page ends in a NameError, for names that cells further up
// would have made. This says so below the error, and what to run.

const ERROR = "application/vnd.jupyter.error"; // the form of an output that says what the error is called
const SHOWN = [ERROR, "application/vnd.jupyter.stderr"]; // the forms in which JupyterLab may show it

/** Whether a cell's code makes a name, at its top level: by an assignment, a definition, an import, a loop or a `with`. */
export function makes(source, name) {
  const word = name.replace(/[^\p{L}\p{N}_]/gu, "");
  const patterns = [
    `^(?:async\\s+)?(?:def|class)\\s+${word}\\b`,
    `^\\(?(?:[*\\w ]+, *)*\\*?${word} *(?:,[*\\w ,]*)?\\)?(?::[^=\\n]+)? *=(?!=)`,
    `^\\s*(?:from|import)\\b.*\\b${word}\\b`,
    `^from\\b[^(]*\\([^)]*\\b${word}\\b`,
    `\\b(?:as|for)\\s+${word}\\b`,
  ];
  return patterns.some((pattern) => new RegExp(pattern, "mu").test(source));
}

/** Return what to do about a NameError in one of a page's cells; "" if no other cell makes the name. */
export function advise(name, sources, place) {
  if (sources.slice(0, place).some((source) => makes(source, name))) {
    return (
      `“${name}” is made in a cell further up, which has not run since the kernel started. ` +
      "Choose Run → Run All Above Selected Cell, then run this cell again."
    );
  }
  if (sources.slice(place + 1).some((source) => makes(source, name))) {
    return `“${name}” is made in a cell further down. Cells are meant to be run in order, from top to bottom.`;
  }
  return "";
}

/** Have NameErrors explained in all notebooks that `tracker` knows. */
export function explainNames(renderers, tracker) {
  for (const type of SHOWN) {
    const factory = renderers.getFactory(type);
    if (factory) renderers.addFactory({ ...explaining(factory, tracker), mimeTypes: [type] });
  }
}

/** Return a factory like this one, whose errors have an advice below them. */
const explaining = (factory, tracker) => ({
  ...factory,
  createRenderer(options) {
    const error = factory.createRenderer(options);
    const render = error.renderModel.bind(error);
    const attached = error.onAfterAttach.bind(error);
    let name;
    const explain = () => {
      if (!name || !error.isAttached || error.node.querySelector(".jq-advice")) return;
      const { sources, index } = placeOf(error.node, tracker);
      const advice = advise(name, sources, index);
      if (advice) error.node.append(noteWith(advice));
    };
    error.renderModel = async (model) => {
      await render(model);
      const { ename, evalue } = model.data[ERROR] ?? {};
      name = ename === "NameError" ? /'([^']+)'/.exec(evalue)?.[1] : undefined;
      explain();
    };
    error.onAfterAttach = (message) => {
      attached(message);
      explain();
    };
    return error;
  },
});

function noteWith(text) {
  const note = document.createElement("div");
  note.className = "jq-advice";
  note.setAttribute("role", "note");
  note.style.cssText =
    "border-left: 5px solid #a86c00; padding: 4px 12px; margin: 4px 0; white-space: normal; " +
    "font: 14px/1.5 system-ui, sans-serif; color: var(--jp-ui-font-color1); background: var(--jp-layout-color0)";
  note.textContent = text;
  return note;
}

/** Return the code of all cells of the notebook that an element is in, and the index of the element's cell. */
function placeOf(node, tracker) {
  const panel = tracker.find((one) => one.content.node.contains(node));
  const cells = panel?.content.widgets ?? [];
  const index = cells.findIndex((cell) => cell.node.contains(node));
  const code = (cell) => (cell.model.type === "code" ? cell.model.sharedModel.getSource() : "");
  return { sources: cells.map(code), index };
}
