// What a deck adds to reveal.js: widgets on its slides have keys of their own, and the presenter is never trapped in one.
(() => {
  const { Reveal, RevealNotes } = window;
  const CLICKER = ["PageDown", "PageUp"];
  const PRESSING = [" ", "Enter"];
  const PRINTS = /print-pdf|view=print/.test(window.location.search);

  const focused = () => (document.activeElement?.closest(".slides") ? document.activeElement : null);
  const giveKeysBack = () => document.activeElement?.blur();

  /** Before anything on the page gets a key. */
  function onKey(event) {
    const own = focused();
    if (!own) return;
    const unused = event.key === " " && own.matches("input[type=range], input[type=radio]:checked");
    if (CLICKER.includes(event.key) || (unused && !own.closest(".jq-replay"))) giveKeysBack();
    if (event.key !== "Escape") return;
    giveKeysBack();
    event.preventDefault();
    event.stopPropagation(); // else all slides would be shown
  }

  /** Whether a key is for the slides. The speaker's window sends keys that are no events: they always are. */
  function isForSlides(event) {
    const own = focused();
    if (!own) return true;
    if (!(event instanceof Event)) giveKeysBack();
    else if (own.matches("select")) return false;
    else if (PRESSING.includes(event.key)) return !own.matches("button, summary");
    return true;
  }

  /** After a click, keys go to where they are of use: a menu of a replay has none for the arrows, an answer that was
   * unfolded none for the space bar. */
  function afterClick({ target }) {
    if (target.closest("summary")) giveKeysBack();
  }

  let byPointer = false; // whether the last thing that was used is the mouse, or a finger
  document.addEventListener("pointerdown", () => (byPointer = true), true);
  document.addEventListener("keydown", () => (byPointer = false), true);
  document.addEventListener("keydown", onKey, true);
  document.addEventListener("click", (event) => byPointer && afterClick(event));
  document.addEventListener("change", ({ target }) => {
    if (byPointer && target.matches("select")) target.closest(".jq-replay")?.querySelector(".jq-stage").focus();
  });

  for (const box of document.querySelectorAll(
    '.jq-alive:is([data-kind="replay"], [data-kind="live"], [data-kind="panel"])',
  )) {
    box.dataset.preventSwipe = ""; // a finger on a slider moves the slider
    if (!PRINTS || box.dataset.kind === "panel") continue;
    // On paper, a stage is empty: there is its picture, or the timeline on the next slide.
    if (box.querySelector("img")) box.classList.remove("jq-alive");
    else box.closest("section").remove();
  }

  /** Unpack the data of a widget. */
  async function unpack(script) {
    const packed = Uint8Array.from(atob(script.textContent), (character) => character.charCodeAt(0));
    const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    script.textContent = await new Response(unpacked).text();
    script.type = "application/json";
  }

  // The module that brings the widgets to life waits for this. In a browser that cannot do it, their pictures stay.
  const packed = document.querySelectorAll('script[type="application/gzip"]');
  window.unpacked = Promise.allSettled([...packed].map(unpack));

  Reveal.on("slidechanged", ({ previousSlide }) => {
    if (focused()) giveKeysBack();
    const playing = '.jq-alive[data-kind="replay"] button[aria-label="Pause"]';
    for (const button of previousSlide?.querySelectorAll(playing) ?? []) button.click();
  });
  // Replays draw again when the page says how it looks: at another scale, they would not be sharp.
  Reveal.on("resize", () => (document.body.dataset.theme = "light"));
  Reveal.initialize({
    width: 1280,
    height: 720,
    margin: 0,
    center: false,
    controls: false,
    transition: "none",
    hash: true,
    slideNumber: "c/t",
    pdfSeparateFragments: false,
    navigationMode: "linear", // the arrows, too, go through all slides
    keyboardCondition: isForSlides,
    plugins: [RevealNotes],
  });
})();
