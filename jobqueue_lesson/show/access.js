// Names the controls of a panel of core widgets, and says what its picture shows: see panel.py.

function render({ model, el }) {
  let panel;

  function name() {
    for (const handle of panel.querySelectorAll(".noUi-handle")) {
      const label = handle.closest(".jupyter-widgets.widget-slider")?.querySelector(".widget-label");
      if (label) handle.setAttribute("aria-label", label.textContent);
    }
    // Without this, JupyterLab would handle the keys: an arrow would go to another cell.
    const controls = panel.querySelectorAll("button, input, select, .noUi-handle");
    for (const control of controls) control.dataset.lmSuppressShortcuts = "true";
    for (const choices of panel.querySelectorAll(".widget-radio-box")) choices.setAttribute("role", "radiogroup");
    const picture = panel.querySelector("img.widget-image");
    if (picture) picture.alt = model.get("picture");
  }

  const parts = new MutationObserver(name); // the controls are added one by one
  const found = requestAnimationFrame(() => {
    panel = el.closest(".widget-vbox");
    if (!panel) return;
    panel.classList.add("jq-panel");
    parts.observe(panel, { childList: true, subtree: true });
    model.on("change:picture", name);
    name();
  });
  return () => {
    cancelAnimationFrame(found);
    parts.disconnect();
    model.off("change:picture", name);
  };
}

export default { render };
