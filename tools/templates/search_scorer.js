// In which order the book's search lists what it finds: the pages that teach first, then names in the reference. Sphinx
// puts this into its search; see `html_search_scorer`. Its own order has every method that is named like a term before
// the pages about it.

const ASIDE = /^(reference\/|instructors$)/; // to look things up in, and to teach from

globalThis.Scorer = {
  // Entries of the index, which are terms where they are defined, have up to 100. They stay first.
  score: ([docName, , , , score, , kind]) => (kind !== "object" && ASIDE.test(docName) ? score - 10 : score),
  // A name that is asked for to the letter comes after headings with it, and before pages that only mention it.
  objNameMatch: 6,
  objPartialMatch: 1,
  objPrio: { 0: 1, 1: 0, 2: -5 }, // modules, what is in them, and what is of little interest
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
