// A small network to play with. Nothing is computed here: every change asks the server, the newest one wins.

import { ask, badges, byId, el, markup, Refused, tab, trouble } from "./common.js";
import { startDragging } from "./drag.js";
import { base, presets, starts } from "./presets.js";

const KEYS = Object.keys(base);
const SIDES = { nonneg: ["0", "inf"], all: ["-inf", "inf"] };
const POSITIVE = "positively homogeneous"; // about t >= 0 only
const SURVEY_AFTER = 300, GIVE_UP_AFTER = 400, SLIDER = 3;
const NAMES = { relu: "ReLU", leaky: "leaky ReLU", abs: "absolute value", hardtanh: "clip to [−1, 1]", identity: "none" };

let setup, state = { ...base }, open = false, view = null;
let shown = null, running = null, wanted = false, surveying = null, timer = 0;

const kind = () => setup.models[state.model];
const listed = (text) => text.split(",");
const rows = (text) => text.split(";").map(listed);

export function startPlay(given) {
  setup = given;
  byId("preset").replaceChildren(el("option", { value: "" }, "…"), ...presets.map((p, i) => el("option", { value: i }, p.name)));
  byId("model").replaceChildren(...Object.entries(setup.models).map(([name, m]) => el("option", { value: name }, m.title)));
  byId("act").replaceChildren(...setup.activations.map((name) => el("option", { value: name }, NAMES[name])));
  byId("property").replaceChildren(...Object.keys(setup.properties).map((name) => el("option", { value: name }, name)));
  byId("preset").addEventListener("change", ({ target }) => target.value !== "" && begin(presets[target.value].state));
  byId("model").addEventListener("change", ({ target }) => begin({ ...state, ...starts[target.value], model: target.value }));
  byId("act").addEventListener("change", ({ target }) => begin({ ...state, act: target.value }));
  byId("property").addEventListener("change", ({ target }) => begin({ ...state, property: target.value }));
  byId("region").addEventListener("change", ({ target }) => {
    const [low, high] = SIDES[target.value] ?? [listed(starts[state.model].low)[0], listed(starts[state.model].high)[0]];
    begin({ ...state, low: spread(low), high: spread(high) });
  });
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  byId("copy").addEventListener("click", copy);
  startDragging(byId("picture"), {
    shown: () => shown?.picture,
    get: (handle) => (handle === "x" || handle === "y" ? listed(state[handle]) : [listed(state[handle.slice(0, -1)])[handle.at(-1)]]),
    hold: (on) => { view = on ? shown?.picture?.view ?? null : null; if (!on) change({}); },
    move,
  });
}

export function openPlay(query) {
  const given = Object.fromEntries(KEYS.filter((key) => query.has(key)).map((key) => [key, query.get(key)]));
  if (open && query.size && KEYS.every((key) => given[key] === state[key])) return;
  if (open && !query.size) { remember(); return; }
  open = true;
  const model = Object.hasOwn(setup.models, given.model) ? given.model : base.model;
  begin({ ...base, ...starts[model], ...given, model });
}

const spread = (value) => Array(kind().inputs).fill(value).join(",");

// A state with other controls.
function begin(next) {
  state = { ...next };
  if (state.property === POSITIVE && decimal(state.t) < 0) state.t = base.t;
  view = null;
  drawControls();
  change({});
}

// Another value of the same controls.
function change(values) {
  Object.assign(state, values);
  wanted = true;
  if (!running) run();
  else if (performance.now() - running.since > GIVE_UP_AFTER) running.abort.abort();
  clearTimeout(timer);
  timer = setTimeout(settle, SURVEY_AFTER);
}

async function run() {
  while (wanted) {
    wanted = false;
    running = { abort: new AbortController(), since: performance.now() };
    const asked = { ...state };
    try {
      const answer = await ask("/api/play", { ...asked, view, tab }, running.abort.signal);
      if (answer.superseded) continue;
      trouble("");
      show(answer);
      document.documentElement.dataset.latency = String(Math.round(performance.now() - running.since));
    } catch (error) {
      if (error.name !== "AbortError" && !wanted) fail(error);
    }
  }
  running = null;
}

function fail(error) {
  if (!(error instanceof Refused)) throw error;
  trouble(error.message);
  byId("badges").replaceChildren(el("span", { class: "badge working" }, "no answer"));
}

// When nothing has moved for a moment: the other properties, the address, and a word for screen readers.
async function settle() {
  clearTimeout(timer);
  if (running) { timer = setTimeout(settle, SURVEY_AFTER); return; }
  remember();
  surveying?.abort();
  surveying = new AbortController();
  try {
    const { properties } = await ask("/api/survey", { ...state, tab }, surveying.signal);
    if (properties) showChips(properties);
    else timer = setTimeout(settle, SURVEY_AFTER); // it gave way to a picture that was asked for before it
    if (shown) byId("announce").textContent = `${shown.question} ${shown.verdict}. ${shown.sentence || shown.why}`;
  } catch (error) {
    if (error.name !== "AbortError" && !(error instanceof Refused)) throw error;
  }
}

function remember() {
  const query = new URLSearchParams(KEYS.map((key) => [key, state[key]]));
  history.replaceState(null, "", `#play?${String(query).replaceAll("%2C", ",").replaceAll("%3B", ";").replaceAll("%2F", "/")}`);
}

async function copy() {
  remember();
  try {
    await navigator.clipboard.writeText(location.href);
    byId("copied").textContent = "Copied.";
  } catch {
    byId("copied").textContent = "Copy it from the address bar.";
  }
  setTimeout(() => { byId("copied").textContent = ""; }, 3000);
}

// What is dragged in the picture.

function move(handle, values) {
  if (handle === "x" || handle === "y") {
    change({ [handle]: values.join(",") });
  } else {
    const key = handle.slice(0, -1), sides = listed(state[key]);
    sides[handle.at(-1)] = values[0];
    change({ [key]: sides.join(",") });
  }
  refresh();
}

// Controls.

const fields = []; // [input, read] pairs, to be brought up to date when something is dragged

function refresh() {
  for (const [input, current] of fields) {
    if (input !== document.activeElement || input.type === "range") {
      const value = current();
      input.value = input.type === "range" ? decimal(value) : value;
    }
  }
  paint();
}

// The place of a slider for an exact number: a quotient is shown where it lies, and stays what it is.
function decimal(text) {
  const [over, under] = text.split("/");
  return under ? Number(over) / Number(under) : Number(text);
}

function slider(name, label, current, set, range = SLIDER, low = -range) {
  const slide = el("input", { type: "range", min: low, max: range, step: range <= 1 ? "0.05" : "0.1", value: decimal(current()), "aria-label": label });
  const text = el("input", { value: current(), "aria-label": `${label}, exact`, spellcheck: "false", inputmode: "text" });
  slide.addEventListener("input", () => { set(String(Number(Number(slide.value).toFixed(2)))); text.value = current(); });
  text.addEventListener("input", () => { set(text.value.trim()); slide.value = decimal(current()); });
  fields.push([slide, current], [text, current]);
  return el("div", { class: "slide" }, el("span", { "aria-hidden": "true" }, name), slide, text);
}

const at = (key, i) => [() => listed(state[key])[i], (value) => {
  const entries = listed(state[key]);
  entries[i] = value;
  change({ [key]: entries.join(",") });
}];

const cell = (i, j) => [() => rows(state.weights)[i][j], (value) => {
  const table = rows(state.weights);
  table[i][j] = value;
  change({ weights: table.map((row) => row.join(",")).join(";") });
}];

const whole = (key) => [() => state[key], (value) => change({ [key]: value })];

function drawControls() {
  fields.length = 0;
  const preset = presets.findIndex((p) => KEYS.every((key) => p.state[key] === state[key]));
  byId("preset").value = preset < 0 ? "" : String(preset);
  byId("lesson").textContent = preset < 0 ? "" : presets[preset].lesson;
  for (const key of ["model", "act", "property"]) byId(key).value = state[key];
  byId("region").value = Object.keys(SIDES).find((name) => ["low", "high"].every((key, i) => listed(state[key]).every((v) => v === SIDES[name][i]))) ?? "box";
  drawWeights();
  drawRegion();
  drawPoints();
  paint();
}

function drawWeights() {
  const table = rows(state.weights), parts = [];
  table.forEach((row, i) => {
    if (kind().summed) parts.push(el("p", { class: "unit" }, `Unit ${i + 1}`));
    const which = kind().summed ? ` of unit ${i + 1}` : "";
    row.forEach((_, j) => parts.push(slider(row.length > 1 ? `w${"₀₁₂₃"[j]}` : "w", `weight ${j}${which}`, ...cell(i, j))));
    parts.push(slider("b", `bias${which}`, ...at("bias", i)));
    if (kind().summed) parts.push(slider("v", `output weight${which}`, ...at("out", i)));
  });
  if (kind().summed) {
    parts.push(el("p", { class: "unit" }, "Output"), slider("c", "output bias", ...whole("plus")));
    const add = el("button", { type: "button", class: "add", onclick: () => resize(1) }, "Add a unit");
    const less = el("button", { type: "button", class: "add", onclick: () => resize(-1) }, "Remove the last");
    add.disabled = table.length >= setup.most_units;
    less.disabled = table.length <= 1;
    parts.push(add, less);
  }
  if (state.act === "leaky") parts.push(slider("s", "slope on the left", ...whole("slope"), 1));
  byId("weights").replaceChildren(byId("weights").firstElementChild, ...parts);
}

function resize(by) {
  const grown = (text, sign, extra) => (by > 0 ? [...text.split(sign), extra] : text.split(sign).slice(0, -1)).join(sign);
  begin({ ...state, weights: grown(state.weights, ";", Array(kind().inputs).fill("1").join(",")), bias: grown(state.bias, ",", "0"), out: grown(state.out, ",", "1") });
}

function ends(name, label, low, high) {
  const inputs = [low, high].map(([current, set], i) => {
    const input = el("input", { value: current(), spellcheck: "false", "aria-label": `${i ? "upper" : "lower"} side${label}` });
    input.addEventListener("input", () => set(input.value.trim()));
    fields.push([input, current]);
    return input;
  });
  return el("div", { class: "ends" }, el("span", { class: "quiet" }, name), ...inputs);
}

function drawRegion() {
  const parts = [];
  if (kind().image) {
    const all = (key) => [() => listed(state[key])[0], (value) => change({ [key]: spread(value) })];
    if (byId("region").value === "box") parts.push(ends("all", " of every pixel", all("low"), all("high")));
  } else if (byId("region").value === "box") {
    listed(state.low).forEach((_, i, sides) => {
      const name = sides.length > 1 ? `x${"₀₁"[i]}` : "x";
      parts.push(ends(name, sides.length > 1 ? ` in x${i}` : "", at("low", i), at("high", i)));
    });
  }
  byId("sides-of-region").replaceChildren(...parts);
}

function drawPoints() {
  const used = setup.properties[state.property], parts = [];
  const points = used.filter((name) => name === "x" || name === "y");
  if (kind().image) {
    parts.push(el("div", { class: "images" }, ...points.map(pixels)));
  } else {
    for (const name of points) {
      listed(state[name]).forEach((_, i, all) => parts.push(slider(all.length > 1 ? `${name}${"₀₁"[i]}` : name, `point ${name}${all.length > 1 ? ` coordinate ${i}` : ""}`, ...at(name, i))));
    }
  }
  for (const name of used.filter((each) => each.length === 1 && "abte".includes(each))) {
    parts.push(name === "e" ? slider("e", "mixing factor e", ...whole("e"), 1, 0) : slider(name, `factor ${name}`, ...whole(name), SLIDER, state.property === POSITIVE ? 0 : -SLIDER));
  }
  byId("points").replaceChildren(byId("points").firstElementChild, ...parts);
}

function pixels(name) {
  const inputs = listed(state[name]).map((_, i) => {
    const [current, set] = at(name, i);
    const input = el("input", { value: current(), spellcheck: "false", "aria-label": `${name}, row ${Math.floor(i / 3)}, column ${i % 3}` });
    input.addEventListener("input", () => { set(input.value.trim()); paint(); });
    fields.push([input, current]);
    return input;
  });
  return el("div", { class: "image", role: "group", "aria-label": `image ${name}` }, el("p", {}, name), el("div", { class: "grid" }, ...inputs));
}

// Pixels in the grey of their value; the number stays readable.
function paint() {
  for (const box of document.querySelectorAll(".grid > *")) {
    const share = Math.min(Math.max(decimal(box.value ?? box.textContent) || 0, 0), 1);
    box.style.backgroundColor = `color-mix(in srgb, var(--ink) ${Math.round(share * 100)}%, var(--paper))`;
    box.style.color = share > 0.5 ? "var(--paper)" : "var(--ink)";
  }
}

// What the server said.

function show(answer) {
  shown = answer;
  byId("badges").replaceChildren(...badges(answer.verdict, answer.assurance, answer.vacuous));
  byId("mini").replaceChildren(...badges(answer.verdict), `${state.property}`);
  byId("question").textContent = answer.question;
  byId("sentence").textContent = answer.sentence || answer.why;
  byId("sentence").classList.toggle("why", !answer.sentence);
  byId("formula").replaceChildren(markup(answer.formula));
  byId("statement").replaceChildren(markup(answer.statement.join(" ")));
  showPicture(answer.picture);
  showSides(answer);
  byId("pieces").replaceChildren(...answer.pieces.map(piece));
  byId("pieces").parentElement.hidden = !answer.pieces.length;
  byId("toml").textContent = answer.toml;
  byId("command").textContent = answer.command;
  for (const chip of byId("chips").children) {
    chip.classList.add("stale");
    chip.firstElementChild.setAttribute("aria-pressed", String(chip.dataset.name === state.property));
  }
}

function showPicture(picture) {
  const focused = document.activeElement?.closest?.("#picture [data-handle]")?.dataset.handle;
  byId("picture").replaceChildren(markup(picture.svg));
  if (focused) byId("picture").querySelector(`[data-handle="${focused}"]`)?.focus({ preventScroll: true });
  byId("note").textContent = picture.note;
}

function showSides({ sides, reading }) {
  const box = byId("sides");
  box.className = `sides ${sides.holds ? "holds" : "fails"}`;
  const side = (value, term, numbers) => el("div", {}, el("div", { class: "value" }, value), el("div", { class: "term" }, term),
    numbers && numbers !== value ? el("div", { class: "term" }, `= ${numbers}`) : null);
  const list = sides.arguments.flatMap(({ label, at: place, inside }, i) => [i ? "; " : "",
    el("span", { class: inside ? "" : "outside" }, `${label} = ${place}${inside ? "" : " (outside P)"}`)]);
  box.replaceChildren(side(sides.left.value, sides.left.text), el("div", { class: "sign", role: "img", "aria-label": sides.holds ? "as the formula says" : "against the formula" }, sides.sign),
    side(sides.right.value, sides.right.text, sides.right.numbers),
    el("p", { class: "arguments" }, ...list), sides.gap === "0" ? null : el("p", { class: "gap" }, `difference ${sides.gap}`));
  byId("reading").textContent = reading;
}

function piece({ where, map, colour }) {
  const swatch = colour ? markup(`<svg viewBox="0 0 10 10" aria-hidden="true"><rect width="10" height="10" rx="2" fill="${colour}"></rect></svg>`) : null;
  return el("li", {}, swatch, markup(map), where ? el("span", { class: "where" }, where.startsWith("everywhere") ? where : `where ${where}`) : null);
}

function showChips(properties) {
  byId("chips").replaceChildren(...properties.map(({ name, verdict, vacuous }) => {
    const button = el("button", { type: "button", "aria-pressed": String(name === state.property), onclick: () => begin({ ...state, property: name }) },
      vacuous ? `${name} (vacuous)` : name, el("span", { class: "unseen" }, `: ${verdict}`));
    return el("li", { class: verdict, "data-name": name }, button);
  }));
}
