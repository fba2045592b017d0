// One's own network: files, a question, its progress and its answer.

import { ask, badges, byId, el, read, Refused } from "./common.js";

const POLL = 250;
let setup, desk = null, described = 0;

export function startNetwork(given) {
  setup = given;
  byId("endings").textContent = setup.endings.join(", ");
  byId("known").replaceChildren(...[...Object.keys(setup.properties), ...setup.second, ...setup.families].map((name) => el("option", { value: name })));
  byId("file").addEventListener("change", ({ target }) => take([...target.files]).finally(() => { target.value = ""; }));
  const drop = byId("drop");
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => { event.preventDefault(); drop.classList.add("over"); });
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => { event.preventDefault(); take([...event.dataTransfer.files]); });
  byId("which").addEventListener("change", describe);
  for (const id of ["wanted", "claimed"]) byId(id).addEventListener("input", showSecond);
  byId("claimed").addEventListener("input", () => drawMistake());
  for (const choice of kinds()) choice.addEventListener("change", showKind);
  byId("formulas").replaceChildren(...setup.formulas.map((text) => el("li", {}, el("button", { type: "button", class: "word", onclick: () => write(text) }, text))));
  for (const word of document.querySelectorAll("button.word[data-region]")) word.addEventListener("click", () => { byId("where").value = word.dataset.region; });
  byId("question-form").addEventListener("submit", (event) => { event.preventDefault(); question(); });
}

export async function openNetwork(query) {
  try {
    desk ??= await ask("/api/desk", {});
    showFiles(query.get("network") || byId("which").value || setup.given || "");
    if (query.has("property")) byId("wanted").value = query.get("property");
    if (query.has("region")) byId("where").value = query.get("region");
    if (query.has("formula")) byId("claimed").value = query.get("formula");
    if (query.has("property") || query.has("formula")) choose(query.has("formula") ? "ask" : "check");
    else showKind();
    await describe();
  } catch (error) {
    say(error);
  }
}

function say(error) {
  if (!(error instanceof Refused)) throw error;
  byId("upload").textContent = error.message;
}

// Files.

async function take(files) {
  for (const file of files) {
    try {
      byId("upload").textContent = `Reading ${file.name} …`;
      const kept = await send(file);
      desk.files = kept.files;
      byId("upload").textContent = `${kept.file} is here.`;
      const network = setup.networks.some((ending) => kept.file.toLowerCase().endsWith(ending));
      showFiles(network ? kept.file : byId("which").value);
      if (network) await describe();
      else byId("where").value = kept.file.endsWith(".npy") ? `ball(${kept.file}, 1/255)` : kept.file;
    } catch (error) {
      say(error);
    }
  }
}

async function send(file) {
  if (file.size > setup.most_bytes) {
    throw new Refused(`${file.name} has ${Math.round(file.size / 2 ** 20)} MiB; at most ${setup.most_bytes / 2 ** 20} MiB are read here. Use the command line: verify check ${file.name} …`);
  }
  desk ??= await ask("/api/desk", {});
  const query = new URLSearchParams({ desk: desk.desk, name: file.name });
  let answer;
  try {
    answer = await fetch(`/api/file?${query}`, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
  } catch {
    throw new Refused(`${file.name} could not be sent. Is 'verify serve' still running?`);
  }
  return read(answer);
}

function showFiles(chosen) {
  const own = desk.files.filter((name) => setup.networks.some((ending) => name.toLowerCase().endsWith(ending)));
  for (const id of ["which", "to"]) {
    const before = id === "which" ? chosen : byId("to").value;
    byId(id).replaceChildren(
      ...(own.length ? [el("optgroup", { label: "Your files" }, ...own.map((name) => el("option", { value: name }, name)))] : []),
      el("optgroup", { label: "Examples" }, ...setup.examples.map(({ name }) => el("option", { value: `example:${name}` }, name))));
    if ([...byId(id).options].some((option) => option.value === before)) byId(id).value = before;
  }
}

// A property on a region, or a formula.

const kinds = () => document.querySelectorAll('input[name="kind"]');
const isFormula = () => document.querySelector('input[name="kind"]:checked').value === "ask";

function choose(kind) {
  for (const choice of kinds()) choice.checked = choice.value === kind;
  showKind();
}

function showKind() {
  for (const id of ["by-property", "outputs-field"]) byId(id).hidden = isFormula();
  byId("by-formula").hidden = !isFormula();
  for (const id of ["wanted", "where"]) byId(id).required = !isFormula();
  byId("claimed").required = isFormula();
  showSecond();
}

function showSecond() {
  const name = byId("wanted").value.trim();
  const needed = isFormula() ? /\bg\s*\(/.test(byId("claimed").value) : setup.second.some((each) => name.startsWith(each));
  byId("to-field").hidden = !needed;
}

function write(formula) {
  byId("claimed").value = formula;
  byId("claimed").focus();
  drawMistake();
  showSecond();
}

// The formula and the caret below it never wrap; what is said about them does.
function caret(drawn) {
  const [formula, below, ...said] = drawn.split("\n");
  return el("div", { class: "drawn" }, el("pre", {}, `${formula}\n${below}`), ...said.map((line) => el("p", {}, line)));
}

function drawMistake(drawn = "") {
  const place = byId("claimed-error");
  place.replaceChildren(...(drawn ? [caret(drawn)] : []));
  place.hidden = !drawn;
  byId("claimed").setAttribute("aria-invalid", String(Boolean(drawn)));
}

async function describe() {
  const mine = ++described, network = byId("which").value;
  byId("about").replaceChildren(`Reading ${network.replace("example:", "")} …`);
  try {
    const { answer, state } = await done(await ask("/api/ask", { desk: desk.desk, action: "describe", network }));
    if (mine !== described) return;
    if (state !== "done") { byId("about").replaceChildren(answer.error ?? "It was not read."); return; }
    const shape = (sizes) => sizes.join(" × ") || "1";
    const line = `${answer.name}: input ${shape(answer.input)}, output ${shape(answer.output)}, ${answer.relu} ReLU, ${answer.weights} weights${answer.smooth ? ", with smooth activations" : ""}.`;
    const layers = answer.layers.map(({ name, units, kind }) => el("li", {}, `${name}: ${units} ${kind}`));
    byId("about").replaceChildren(line, el("details", {}, el("summary", {}, `${layers.length} layers`), el("ol", {}, ...layers)), ...answer.notes.map((note) => el("p", {}, note)));
  } catch (error) {
    if (mine === described) { byId("about").replaceChildren(""); say(error); }
  }
}

async function done(job, progress = () => {}) {
  while (job.state === "running") {
    progress(job);
    await new Promise((resolve) => { setTimeout(resolve, POLL); });
    job = await ask(`/api/jobs/${job.job}`);
  }
  return job;
}

// Questions.

async function question() {
  byId("upload").textContent = "";
  const network = byId("which").value, formula = byId("claimed").value.trim(), about = network.replace("example:", "");
  const asked = isFormula() ? { action: "ask", network, formula }
    : { action: "check", network, property: byId("wanted").value.trim(), region: byId("where").value.trim(), outputs: byId("outputs").value.trim() };
  if (!byId("to-field").hidden) asked.to = byId("to").value;
  drawMistake();
  const card = el("article", {});
  byId("answers").prepend(card);
  const title = isFormula() ? `${formula}, where f is ${about}` : `Is ${about} ${asked.property} on ${asked.region}?`;
  try {
    let job = await ask("/api/ask", { ...asked, desk: desk.desk, seconds: Number(byId("seconds").value) });
    const line = el("p", { class: "quiet" }), cancel = el("button", { type: "button", onclick: () => ask("/api/cancel", { job: job.job }) }, "Cancel");
    card.replaceChildren(el("h2", {}, title), el("progress", { "aria-label": "working" }), line, cancel);
    job = await done(job, ({ progress, seconds }) => { line.textContent = `${seconds.toFixed(0)} s: ${progress}`; });
    if (job.state === "done") answered(card, job);
    else if (job.answer.drawn && byId("claimed").value.trim() === formula) { card.remove(); drawMistake(job.answer.drawn); byId("claimed").focus(); }
    else if (job.answer.drawn) card.replaceChildren(el("h2", {}, title), caret(job.answer.drawn));
    else card.replaceChildren(el("h2", {}, title), el("p", {}, job.state === "cancelled" ? `Cancelled after ${job.seconds.toFixed(1)} s: no verdict.` : job.answer.error));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    card.replaceChildren(el("h2", {}, title), el("p", {}, error.message));
  }
}

function answered(card, { job, answer }) {
  card.className = answer.verdict;
  const at = (ending) => answer.files.includes(`claim${ending}`) && `/jobs/${job}/claim${ending}`;
  card.replaceChildren(
    el("div", { class: "verdict" }, ...badges(answer.verdict, answer.assurance, answer.vacuous)),
    el("h2", {}, answer.question),
    ...(answer.alarm ? [el("p", { class: "alarm" }, answer.alarm)] : []),
    el("p", {}, answer.answer),
    ...(answer.sentence ? [el("p", { class: "sentence" }, answer.sentence)] : []),
    ...(answer.why ? [el("p", {}, `Why: ${answer.why}.`)] : []),
    el("p", { class: "quiet" }, `${answer.formula}; engine ${answer.engine || "none"}, ${answer.engine_seconds} s${answer.verdict === "unknown" ? `; tried ${answer.tried.join(", ") || "nothing"}` : ""}`),
    ...answer.ledger.map((entry) => el("p", { class: "quiet" }, `Assumes: ${entry}`)),
    el("p", { class: "links" },
      at(".html") ? el("a", { href: at(".html"), target: "_blank", rel: "noopener" }, "The whole page: proof or counterexample, pictures") : null,
      at(".json") ? el("a", { href: `${at(".json")}?download=1`, download: true }, "Download the record") : null),
  );
}
