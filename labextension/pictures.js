// JupyterLab shows a picture without its alternative text, although the notebook has one in the output's metadata, where
// nbconvert's classic template and IPython's Image put it: metadata["image/png"].alt. This adds it to the page.

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

/** Have pictures described wherever JupyterLab shows them. */
export function describePictures(renderers) {
  for (const type of ["image/png", "image/svg+xml"]) {
    const factory = renderers.getFactory(type);
    if (factory) renderers.addFactory({ ...describing(factory), mimeTypes: [type] });
  }
}
