// A widget lives in its kernel. Once that is gone, all that JupyterLab shows of it is "Error displaying widget: model not
// found". This shows what the page has saved of it instead, and says how to wake it up.

const VIEW = "application/vnd.jupyter.widget-view+json";
const FIRST = -10; // the rank of a widget among the forms of an output: what ipywidgets gives it
const PATIENCE = 2000; // milliseconds that a widget may take to appear before what was saved is shown in its place

/** Add an element with a text to another one. */
function add(parent, tag, text, style = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.style.cssText = style;
  parent.append(element);
  return element;
}

/** Return what a page has saved of a widget: a picture, or a text; and how to wake it up. */
export function savedForm(data, metadata = {}) {
  const box = document.createElement("div");
  box.className = "jq-asleep";
  box.style.cssText = "border-left: 5px solid #767676; padding: 2px 12px; line-height: 1.5";
  const how = add(box, "div", "This was saved in an earlier session. ");
  add(how, "b", "To wake it up: Run → Run All Above Selected Cell, then run this cell.");
  const picture = data["image/png"];
  const text = metadata[VIEW]?.asleep ?? String(data["text/plain"] ?? "").replace(/\n\[A widget\..*\]$/, "");
  add(box, "div", text, "white-space: pre-wrap; margin-top: 4px");
  if (picture) {
    const image = add(box, "img", "", "max-width: 100%");
    image.className = "jq-picture";
    image.src = `data:image/png;base64,${picture}`;
    image.alt = metadata["image/png"]?.alt ?? "";
  }
  return box;
}

/** Return a factory like this one, whose widgets leave their saved form on the page while they are not alive. */
const readable = (factory) => ({
  ...factory,
  createRenderer(options) {
    const widget = factory.createRenderer(options);
    const render = widget.renderModel.bind(widget);
    widget.renderModel = async (model) => {
      const showSaved = () => {
        const alive = widget.isDisposed || widget.isHidden || widget.widgets?.length;
        if (!alive) widget.node.replaceChildren(savedForm(model.data, model.metadata));
      };
      const patience = setTimeout(showSaved, PATIENCE); // without a kernel, the widget waits for one forever
      await render(model);
      clearTimeout(patience);
      showSaved();
    };
    return widget;
  },
});

/** Make widgets readable in JupyterLab's own registry, or in a notebook's, which begins as a copy of it. Then the front
 * end of ipywidgets puts a renderer of its own into the notebook's, once the notebook's kernel is known. */
export function keepWidgetsReadable(renderers) {
  const addFactory = renderers.addFactory.bind(renderers);
  renderers.addFactory = (factory, rank) => {
    const isWidget = factory.mimeTypes.includes(VIEW) && !factory.isReadable;
    addFactory(isWidget ? { ...readable(factory), isReadable: true } : factory, rank);
  };
  const present = renderers.getFactory(VIEW);
  if (!present || present.isReadable) return;
  renderers.removeMimeType(VIEW);
  renderers.addFactory({ ...present, mimeTypes: [VIEW] }, FIRST);
}
