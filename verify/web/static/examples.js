// The built-in examples and the book.

import { byId, el } from "./common.js";

export function startExamples(setup) {
  byId("example-list").replaceChildren(...setup.examples.map(({ name, about }) => {
    const query = new URLSearchParams({ network: `example:${name}` });
    return el("li", {}, el("h3", {}, name), el("p", {}, about),
      el("p", { class: "support" }, el("a", { href: `#network?${query}` }, "Ask about it")));
  }));
  byId("book").replaceChildren(...(setup.book
    ? [el("a", { href: "/book/index.html" }, "All theorems and claims"), ", with their proofs and counterexamples."]
    : ["No book is here yet. ", el("code", {}, "make test"), " writes this project's theorems to ", el("code", {}, "reports"),
      "; ", el("code", {}, "verify serve --book FOLDER"), " shows any folder of reports."]));
}
