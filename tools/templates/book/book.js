// What the book's pages do besides: whoever has no mouse can scroll what is wider than the page,
// and the list of what is on the page closes once somebody has chosen.

const WIDE = "pre, .table-wrapper, .jq-picture-box";

function mark(box) {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
  else box.removeAttribute("tabindex");
}

const seen = new ResizeObserver((entries) => {
  for (const { target } of entries) mark(target);
});
for (const box of document.querySelectorAll(WIDE)) seen.observe(box);

document.querySelector(".toc-drawer")?.addEventListener("click", ({ target }) => {
  if (target.closest("a")) document.getElementById("__toc").checked = false;
});
