// Elements and texts. Every text goes in as text, never as markup.

export const states = ["done", "leased", "pending", "quarantined", "cancelled"];
export const stateOf = { p: "pending", l: "leased", d: "done", c: "cancelled", q: "quarantined" };
export const stateTitle = {
  done: "done", leased: "running", pending: "waiting", quarantined: "quarantined", cancelled: "cancelled",
};

/** With the code of each character that is not seen but does something: what comes from elsewhere must not turn a line around. */
export const shown = (text) => text.replace(
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/gu,
  (unseen) => `\\u{${unseen.codePointAt(0).toString(16).toUpperCase()}}`);

/** An element with attributes and children; texts become text nodes, `on…` listeners. */
export function element(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

/** The same for SVG. */
export function shape(name, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? "" : key === "aria-label" || key === "alt" || key === "title" ? shown(String(value)) : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== undefined && child !== null && child !== false) node.append(child instanceof Node ? child : shown(String(child)));
  }
  return node;
}

/** `training: epoch 3 of 250`, `memory bank: 1200 of 9800 picks`. */
export const summary = (progress) => progress.epoch !== undefined && progress.epochs !== undefined
  ? `${progress.stage}: epoch ${progress.epoch} of ${progress.epochs}`
  : `${progress.stage}: ${progress.done} of ${progress.total} ${progress.unit}`;

/** `cpu, libtorch 2.13.0, avx512`. */
export const platformText = ({ device, libtorch, kernels }) => `${device}, libtorch ${libtorch}, ${kernels}`;

export const link = (href, ...children) => element("a", { href }, ...children);
export const sweepLink = (name) => link(`#/sweep/${encodeURIComponent(name)}`, name);
export const jobLink = (identity, text) => link(`#/job/${identity}`, text ?? identity.slice(0, 12));

/** Puts children in place of those that are there, unless that changes nothing: focus and selection stay. */
export function replace(parent, ...children) {
  const next = document.createElement(parent.tagName);
  fill(next, {}, children);
  if (next.innerHTML === parent.innerHTML && !next.querySelector("canvas")) return;
  const places = [...parent.querySelectorAll("a, button, select")];
  const place = places.indexOf(document.activeElement);
  parent.replaceChildren(...next.childNodes);
  if (place >= 0) parent.querySelectorAll("a, button, select")[place]?.focus();
}

/** A table in a frame that scrolls on narrow screens. */
export function table(caption, heads, rows) {
  return element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    element("table", {},
      element("caption", { class: "hidden" }, caption),
      element("thead", {}, element("tr", {}, heads.map((head) => element("th", { scope: "col" }, head)))),
      element("tbody", {}, rows.map((cells) => element("tr", {}, cells.map((cell) =>
        cell instanceof Node && cell.tagName === "TD" ? cell : element("td", {}, cell)))))));
}

export function chip(state) {
  return element("span", { class: `chip ${state}` }, stateTitle[state] ?? state);
}

/** How many jobs are in which state, as a bar. */
export function bar(jobs, total, progress) {
  const node = shape("svg", {
    class: "bar", viewBox: "0 0 1000 10", preserveAspectRatio: "none", role: "img",
    "aria-label": `${Math.floor(progress * 100)} percent: ${counts(jobs)}`,
  });
  let x = 0;
  for (const state of states) {
    const width = total ? ((jobs[state] ?? 0) / total) * 1000 : 0;
    if (width) node.append(shape("rect", { class: `fill-${state}`, x, y: 0, width, height: 10 }));
    x += width;
  }
  return node;
}

export function counts(jobs) {
  return states.filter((state) => jobs[state]).map((state) => `${number(jobs[state])} ${stateTitle[state]}`).join(", ") || "no jobs";
}

export const number = (value) => value.toLocaleString("en");

/** Seconds in words. */
export function duration(seconds) {
  if (seconds < 1) return "under 1 s";
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129600) return `${(seconds / 3600).toFixed(1)} h`;
  return `${(seconds / 86400).toFixed(1)} d`;
}

export function rate(jobsPerHour) {
  return jobsPerHour >= 120 ? `${(jobsPerHour / 60).toFixed(1)} jobs/min` : `${jobsPerHour.toFixed(1)} jobs/h`;
}

/** Seconds since 1970 as a local time. */
export function time(seconds) {
  const date = new Date(seconds * 1000);
  const two = (value) => String(value).padStart(2, "0");
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  if (date.toDateString() === new Date().toDateString()) return clock;
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock}`;
}

export function bytes(count) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let index = 0;
  while (count >= 1024 && index < units.length - 1) { count /= 1024; index += 1; }
  return `${count >= 10 || index === 0 ? Math.round(count) : count.toFixed(1)} ${units[index]}`;
}

/** Tells what happened, to the eye and to screen readers. */
export function say(text) {
  const place = document.getElementById("said");
  place.textContent = shown(text);
  clearTimeout(say.timer);
  say.timer = setTimeout(() => { place.textContent = ""; }, 8000);
}
