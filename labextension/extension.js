// What the course adds to JupyterLab and Notebook: pictures that are described, and dark in a dark theme, widgets that can be read without their
// kernel, and NameErrors that say what to run.
//
// It is an extension written by hand, in the format that JupyterLab loads, so that there is nothing to build.

window._JUPYTERLAB = window._JUPYTERLAB || {};

(() => {
  const here = document.currentScript.src;
  let shared; // the modules that JupyterLab shares with its extensions

  async function load(name) {
    const [{ get }] = Object.values(shared[name]);
    return (await get())();
  }

  async function extension() {
    const { IRenderMimeRegistry } = await load("@jupyterlab/rendermime");
    const { INotebookTracker } = await load("@jupyterlab/notebook");
    const [{ describePictures }, { keepWidgetsReadable }, { explainNames }] = await Promise.all(
      ["pictures", "asleep", "names"].map((name) => import(new URL(`${name}.js`, here))),
    );
    const plugin = {
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
    return () => ({ __esModule: true, default: plugin });
  }

  window._JUPYTERLAB["jobqueue-lesson"] = {
    init: (scope) => {
      shared = scope;
    },
    get: extension,
  };
})();
