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
  byId("wanted").addEventListener("input", showSecond);
  for (const word of document.querySelectorAll("button.word")) word.addEventListener("click", () => { byId("where").value = word.dataset.region; });
  byId("question-form").addEventListener("submit", (event) => { event.preventDefault(); question(); });
}

export async function openNetwork(query) {
  try {
    desk ??= await ask("/api/desk", {});
    showFiles(query.get("network") || byId("which").value || setup.given || "");
    if (query.has("property")) byId("wanted").value = query.get("property");
    if (query.has("region")) byId("where").value = query.get("region");
    showSecond();
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

function showSecond() {
  const name = byId("wanted").value.trim();
  byId("to-field").hidden = !setup.second.some((each) => name.startsWith(each));
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
  const asked = { network: byId("which").value, property: byId("wanted").value.trim(), region: byId("where").value.trim(), outputs: byId("outputs").value.trim() };
  if (!byId("to-field").hidden) asked.to = byId("to").value;
  const card = el("article", {});
  byId("answers").prepend(card);
  const title = `Is ${asked.network.replace("example:", "")} ${asked.property} on ${asked.region}?`;
  try {
    let job = await ask("/api/ask", { ...asked, desk: desk.desk, action: "check", seconds: Number(byId("seconds").value) });
    const line = el("p", { class: "quiet" }), cancel = el("button", { type: "button", onclick: () => ask("/api/cancel", { job: job.job }) }, "Cancel");
    card.replaceChildren(el("h2", {}, title), el("progress", { "aria-label": "working" }), line, cancel);
    job = await done(job, ({ progress, seconds }) => { line.textContent = `${seconds.toFixed(0)} s: ${progress}`; });
    if (job.state === "done") answered(card, job);
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
