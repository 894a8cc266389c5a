// What the course adds to JupyterLab and Notebook: pictures that are described, and dark in a dark theme, widgets that
// can be read without their kernel, and NameErrors that say what to run. On the course's web site, it adds what
// JupyterLab lacks there: see site.js.
//
// It is an extension written by hand, in the format that JupyterLab loads, so that there is nothing to build.

window._JUPYTERLAB = window._JUPYTERLAB || {};

(() => {
  const here = document.currentScript.src;
  const own = (name) => import(new URL(`${name}.js`, here));
  let shared; // the modules that JupyterLab shares with its extensions

  async function load(name) {
    const [{ get }] = Object.values(shared[name]);
    return (await get())();
  }

  async function everywhere() {
    const { IRenderMimeRegistry } = await load("@jupyterlab/rendermime");
    const { INotebookTracker } = await load("@jupyterlab/notebook");
    const [{ describePictures }, { keepWidgetsReadable }, { explainNames }] = await Promise.all(
      ["pictures", "asleep", "names"].map(own),
    );
    return {
      id: "jobqueue-lesson:plugin",
      autoStart: true,
      requires: [IRenderMimeRegistry, INotebookTracker],
      activate(_app, renderers, tracker) {
        describePictures(renderers, new URL("pictures.css", here));
        explainNames(renderers, tracker);
        keepWidgetsReadable(renderers);
        tracker.widgetAdded.connect((_, panel) => keepWidgetsReadable(panel.content.rendermime));
        tracker.forEach((panel) => {
          keepWidgetsReadable(panel.content.rendermime);
        });
      },
    };
  }

  async function onSite(settings) {
    const { IRenderMimeRegistry } = await load("@jupyterlab/rendermime");
    const { INotebookTracker } = await load("@jupyterlab/notebook");
    const { IDocumentManager } = await load("@jupyterlab/docmanager");
    const { IRouter } = await load("@jupyterlab/application");
    const { ICommandPalette, Notification } = await load("@jupyterlab/apputils");
    const ui = await load("@jupyterlab/ui-components");
    const { PageConfig } = await load("@jupyterlab/coreutils");
    const { activate } = await own("site");
    const base = new URL(PageConfig.getBaseUrl(), location.href);
    return {
      id: "jobqueue-lesson:site",
      autoStart: true,
      requires: [IRenderMimeRegistry, INotebookTracker, IDocumentManager, IRouter],
      optional: [ICommandPalette],
      activate(app, renderers, tracker, documents, router, palette) {
        activate({ ...settings, app, base, documents, notify: Notification, palette, renderers, router, tracker, ui });
      },
    };
  }

  async function extension() {
    const { PageConfig } = await load("@jupyterlab/coreutils");
    const site = PageConfig.getOption("jobqueueLesson"); // only the site has it: see tools/website/lite.py
    const plugins = [await everywhere(), ...(site ? [await onSite(JSON.parse(site))] : [])];
    return () => ({ __esModule: true, default: plugins });
  }

  window._JUPYTERLAB["jobqueue-lesson"] = {
    init: (scope) => {
      shared = scope;
    },
    get: extension,
  };
})();
