// JupyterLab shows a picture without its alternative text, although the notebook has one in the output's metadata, where
// nbconvert's classic page and IPython's Image put it: metadata["image/png"].alt. This hands it over to the page.
//
// It is a JupyterLab extension as JupyterLab loads it, written by hand, so that nothing has to be built.

window._JUPYTERLAB = window._JUPYTERLAB || {};

(() => {
  let shared; // what JupyterLab and its extensions have in common

  /** Return a factory like this one, whose pictures say what they show. */
  const describing = (factory) => ({
    ...factory,
    createRenderer(options) {
      const picture = factory.createRenderer(options);
      const render = picture.renderModel.bind(picture);
      picture.renderModel = async (model) => {
        await render(model);
        const said = model.metadata[options.mimeType]?.alt;
        if (said) picture.node.querySelector("img")?.setAttribute("alt", said);
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
