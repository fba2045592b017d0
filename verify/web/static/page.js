// Which of the three pages is shown; the rest is in its own file.

import { ask, byId, trouble } from "./common.js";
import { startExamples } from "./examples.js";
import { startNetwork, openNetwork } from "./network.js";
import { startPlay, openPlay } from "./play.js";

const PAGES = { play: openPlay, network: openNetwork, examples: () => {} };

function route() {
  const [name, query] = location.hash.slice(1).split("?", 2);
  const page = Object.hasOwn(PAGES, name) ? name : "play";
  for (const each of Object.keys(PAGES)) byId(each).hidden = each !== page;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.dataset.page === page) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  trouble("");
  PAGES[page](new URLSearchParams(query || ""));
}

// A browser that has just started, or whose network changes, may lose the first request: ask again for some seconds.
async function setUp(tries = 5) {
  for (let wait = 250; ; wait *= 2) {
    try {
      return await ask("/api/setup");
    } catch (error) {
      if (!--tries) throw error;
      trouble(error.message);
      await new Promise((done) => setTimeout(done, wait));
    }
  }
}

try {
  const setup = await setUp();
  startPlay(setup);
  startNetwork(setup);
  startExamples(setup);
  window.addEventListener("hashchange", route);
  if (!location.hash && setup.given) location.hash = "#network";
  route();
} catch (error) {
  trouble(error.message);
}
