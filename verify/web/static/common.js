// What every part of the page uses: asking the server, making elements, saying what went wrong.

export const byId = (id) => document.getElementById(id);

export function el(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "class") made.className = value;
    else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child != null));
  return made;
}

// Markup from this server, in which everything from outside has been escaped. Parsed apart, so nothing in it runs.
export function markup(text) {
  const parsed = new DOMParser().parseFromString(text, "text/html");
  const made = document.createDocumentFragment();
  made.append(...parsed.body.childNodes);
  return made;
}

export class Refused extends Error {}

export async function ask(path, question, signal) {
  let answer;
  try {
    answer = await fetch(path, question === undefined ? { signal } : {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(question), signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The server does not answer. Is 'verify serve' still running?");
  }
  return read(answer);
}

export async function read(answer) {
  let data;
  try { data = await answer.json(); } catch { throw new Refused(`The server answered with status ${answer.status}.`); }
  if (!answer.ok) throw new Refused(data.error || `The server answered with status ${answer.status}.`);
  return data;
}

export function trouble(text) {
  const line = byId("trouble");
  line.textContent = text;
  line.hidden = !text;
}

export const tab = crypto.randomUUID();

const ASSURANCE = {
  checked: "The kernel replayed the evidence in exact arithmetic.",
  attested: "On a solver's word: there was no evidence to replay.",
};

export function badges(verdict, assurance, vacuous) {
  const found = [el("span", { class: `badge ${verdict}` }, el("b", {}, verdict))];
  if (assurance) found.push(el("span", { class: `badge ${assurance}`, title: ASSURANCE[assurance] }, assurance));
  if (vacuous) found.push(el("span", { class: "badge vacuous" }, "vacuous"));
  return found;
}
