// JupyterLab shows a picture without its alternative text, although the notebook has one in the output's metadata, where
// nbconvert's classic template and IPython's Image put it: metadata["image/png"].alt. This adds it to the page.
//
// It is a JupyterLab extension written by hand, in the format that JupyterLab loads, so that there is nothing to build.

window._JUPYTERLAB = window._JUPYTERLAB || {};

(() => {
  let shared; // the modules that JupyterLab shares with its extensions

  /** Return a factory like this one, whose pictures have their alternative text. */
  const describing = (factory) => ({
    ...factory,
    createRenderer(options) {
      const picture = factory.createRenderer(options);
      const render = picture.renderModel.bind(picture);
      picture.renderModel = async (model) => {
        await render(model);
        const alt = model.metadata[options.mimeType]?.alt;
        if (alt) picture.node.querySelector("img")?.setAttribute("alt", alt);
      };
      return picture;
    },
  });

  async function extension() {
    const [{ get }] = Object.values(shared["@jupyterlab/rendermime"]);
    const { IRenderMimeRegistry } = (await get())();
    const plugin = {
      id: "jobqueue-lesson-alt:plugin",
      autoStart: true,
      requires: [IRenderMimeRegistry],
      activate(_app, renderers) {
        for (const type of ["image/png", "image/svg+xml"]) {
          const factory = renderers.getFactory(type);
          if (factory) renderers.addFactory({ ...describing(factory), mimeTypes: [type] });
        }
      },
    };
    return () => ({ __esModule: true, default: plugin });
  }

  window._JUPYTERLAB["jobqueue-lesson-alt"] = {
    init: (scope) => {
      shared = scope;
    },
    get: extension,
  };
})();
