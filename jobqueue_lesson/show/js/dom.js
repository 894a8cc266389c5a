// Elements of the page.

const ICONS = {
  first: "M3 2h2v12H3zM14 2v12L6 8z",
  back: "M11 2v12L3 8zM12 2h2v12h-2z",
  play: "M4 2l10 6-10 6z",
  pause: "M3 2h4v12H3zM9 2h4v12H9z",
  forward: "M2 2h2v12H2zM5 2l8 6-8 6z",
  last: "M2 2l8 6-8 6zM11 2h2v12h-2z",
};

/** Make an element: h("button", { title: "Play", onclick: play }, "▶"). */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

/** Return a text as what `h` takes for children. What is in backticks is code, as in prose.py. */
export function prose(text) {
  return text.split(/`([^`]+)`/).map((part, place) => (place % 2 ? h("code", {}, part) : part));
}

/** Make an element of a drawing: s("rect", { x: 1, y: 2, width: 3, height: 4 }). */
export function s(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Make an icon, by its name in `ICONS`. */
export function icon(name) {
  const box = h("span", { class: "jq-icon", "aria-hidden": "true" });
  const path = `<path d="${ICONS[name]}" fill="currentColor"/>`;
  box.innerHTML = `<svg viewBox="0 0 16 16" width="16" height="16">${path}</svg>`;
  return box;
}
