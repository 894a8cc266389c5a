// JupyterLab shows a picture without its alternative text, although the notebook has one in the output's metadata, where
// nbconvert's classic template and IPython's Image put it: metadata["image/png"].alt. This adds it to the page.
//
// Beside it may be the picture as SVG: metadata["image/png"].svg, see show/pictures.py. This shows that instead, in the
// ink of the theme and on its ground. It is shown as an image, not as a part of the page: in an image, nothing runs, and
// nothing is loaded, whoever has written it.

const drawn = new Map(); // what renders a picture → {image, svg}

/** Return the address of an SVG in the colours of a page. */
export function addressOf(svg, { ink, paper }) {
  const style = `color:${ink};--jq-paper:${paper};font-family:system-ui,'DejaVu Sans',sans-serif`;
  const whole = svg.replace("<svg ", `<svg xmlns="http://www.w3.org/2000/svg" style="${style}" `);
  return `data:image/svg+xml,${encodeURIComponent(whole)}`;
}

function coloursOf(page) {
  const style = getComputedStyle(page);
  const [ink, paper] = ["--jp-ui-font-color1", "--jp-layout-color0"].map((name) => style.getPropertyValue(name).trim());
  return { ink, paper };
}

/** Draw pictures in the colours that the page has now. */
function draw(pictures) {
  const colours = coloursOf(document.body);
  for (const { image, svg } of pictures) image.src = addressOf(svg, colours);
}

/** Return a factory like this one, whose pictures have their alternative text, and the page's colours. */
const describing = (factory) => ({
  ...factory,
  createRenderer(options) {
    const picture = factory.createRenderer(options);
    const render = picture.renderModel.bind(picture);
    picture.disposed.connect(() => drawn.delete(picture));
    picture.renderModel = async (model) => {
      await render(model);
      const image = picture.node.querySelector("img");
      const { alt, svg } = model.metadata[options.mimeType] ?? {};
      if (alt) image?.setAttribute("alt", alt);
      if (!image || !svg) return;
      drawn.set(picture, { image, svg });
      draw([{ image, svg }]);
    };
    return picture;
  },
});

/** Have pictures described, and drawn in the page's colours, wherever JupyterLab shows them. `style` is the address of
 * pictures.css, for those that are only there as pixels. */
export function describePictures(renderers, style) {
  for (const type of ["image/png", "image/svg+xml"]) {
    const factory = renderers.getFactory(type);
    if (factory) renderers.addFactory({ ...describing(factory), mimeTypes: [type] });
  }
  const sheet = Object.assign(document.createElement("link"), { rel: "stylesheet", href: style });
  document.head.append(sheet);
  // JupyterLab sets these attributes while it hides the page to change its theme. The next frame shows it again.
  const theme = new MutationObserver(() => requestAnimationFrame(() => draw(drawn.values())));
  theme.observe(document.body, { attributeFilter: ["data-jp-theme-name", "data-jp-theme-light"] });
}
