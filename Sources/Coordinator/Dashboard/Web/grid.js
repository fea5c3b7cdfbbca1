// A sweep's jobs as coloured cells on a canvas, however many there are.

import { element, number, say, stateOf, stateTitle, states } from "./dom.js";
import { ask } from "./live.js";

const pause = 2000;

export function grid(name) {
  const canvas = element("canvas", {
    tabindex: "0", role: "img", class: "grid",
    "aria-label": "Jobs in their order, coloured by state. Arrow keys move, Enter opens the job.",
  });
  const text = element("p", { class: "quiet", "aria-live": "polite" }, "Loading");
  const legend = element("ul", { class: "legend" }, states.map((state) =>
    element("li", {}, element("span", { class: `swatch ${state}` }), stateTitle[state])));
  const frame = element("div", { class: "gridframe" }, canvas);
  const node = element("div", {}, legend, frame, text);
  let letters = [], size = 8, columns = 1, chosen = -1, colours = {}, loading, again = false, waiting = [], isLeft = false;

  function readColours() {
    const style = getComputedStyle(document.documentElement);
    colours = Object.fromEntries(states.map((state) => [state, style.getPropertyValue(`--${state}`).trim()]));
    colours.chosen = style.getPropertyValue("--text").trim();
  }

  function layout() {
    const width = Math.max(64, frame.clientWidth - 2);
    const count = letters.length;
    size = count <= 400 ? 18 : count <= 4000 ? 10 : count <= 20000 ? 6 : 4;
    columns = Math.max(1, Math.floor(width / size));
    const scale = window.devicePixelRatio || 1;
    const height = Math.max(1, Math.ceil(count / columns)) * size;
    canvas.width = columns * size * scale;
    canvas.height = height * scale;
    canvas.style.width = `${columns * size}px`;
    canvas.style.height = `${height}px`;
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    for (let index = 0; index < count; index += 1) cell(context, index);
    mark(context);
  }

  function cell(context, index) {
    const x = (index % columns) * size, y = Math.floor(index / columns) * size, gap = size > 5 ? 1 : 0.5;
    context.clearRect(x, y, size, size);
    const state = stateOf[letters[index]];
    if (!state) return;
    context.fillStyle = colours[state];
    context.fillRect(x, y, size - gap, size - gap);
    // A notch beside the colour, for what needs somebody.
    if (state === "quarantined" && size >= 6) context.clearRect(x, y, size / 3, size / 3);
  }

  function mark(context) {
    if (chosen < 0) return;
    context.strokeStyle = colours.chosen;
    context.lineWidth = 2;
    context.strokeRect((chosen % columns) * size + 0.5, Math.floor(chosen / columns) * size + 0.5, size - 1.5, size - 1.5);
  }

  function choose(index) {
    if (index < 0 || index >= letters.length) return;
    const context = canvas.getContext("2d");
    const before = chosen;
    chosen = index;
    // The mark reaches over the neighbours' edges.
    if (before >= 0) [-columns - 1, -columns, -columns + 1, -1, 0, 1, columns - 1, columns, columns + 1].forEach((step) => {
      if (before + step >= 0 && before + step < letters.length) cell(context, before + step);
    });
    mark(context);
    text.textContent = `job ${number(chosen)} of ${number(letters.length)}: ${stateTitle[stateOf[letters[chosen]]] ?? "none"}`;
    const top = Math.floor(chosen / columns) * size;
    if (top < frame.scrollTop) frame.scrollTop = top;
    if (top + size > frame.scrollTop + frame.clientHeight) frame.scrollTop = top + size - frame.clientHeight;
  }

  async function open() {
    if (chosen < 0) return;
    try {
      const page = await ask(`v1/sweeps/${encodeURIComponent(name)}/jobs?after=${chosen - 1}&limit=1`);
      if (page.jobs.length && page.jobs[0].position === chosen) location.hash = `#/job/${page.jobs[0].identity}`;
    } catch (error) {
      say(error.message);
    }
  }

  const at = (event) => {
    const column = Math.floor(event.offsetX / size);
    return column < columns ? Math.floor(event.offsetY / size) * columns + column : -1;
  };
  canvas.addEventListener("mousemove", (event) => choose(at(event)));
  canvas.addEventListener("click", (event) => { choose(at(event)); open(); });
  canvas.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns, Home: -chosen, End: letters.length - 1 - chosen };
    if (event.key === "Enter") return open();
    if (!(event.key in steps)) return;
    event.preventDefault();
    choose(chosen < 0 ? 0 : chosen + steps[event.key]);
  });

  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const recolour = () => { readColours(); layout(); };
  scheme.addEventListener("change", recolour);
  let width = 0;
  const watch = new ResizeObserver(() => {
    if (frame.clientWidth === width) return;
    width = frame.clientWidth;
    layout();
  });
  watch.observe(frame);
  readColours();

  function change(changes) {
    if (loading) { waiting.push(...changes); return; }
    const context = canvas.getContext("2d");
    for (const { position, state } of changes) {
      if (position >= letters.length) { load(); return; }
      letters[position] = state;
      cell(context, position);
    }
    mark(context);
  }

  /** Fetches all states, a page after the other; asked again meanwhile, once more after a pause. */
  async function load() {
    if (loading) { again = true; return; }
    loading = true;
    try {
      const found = [];
      let after = -1;
      do {
        const page = await ask(`v1/sweeps/${encodeURIComponent(name)}/grid?after=${after}&limit=50000`);
        for (const letter of page.states) found.push(letter);
        after = page.next;
      } while (after !== undefined && !isLeft);
      letters = found;
      if (chosen >= letters.length) chosen = -1;
      if (chosen < 0) text.textContent = `${number(letters.length)} jobs in their order`;
      layout();
    } catch (error) {
      text.textContent = error.message;
    }
    loading = false;
    const late = waiting;
    waiting = [];
    change(late);
    if (again && !isLeft) { again = false; setTimeout(load, pause); }
  }

  return {
    node, load, change,
    left() { isLeft = true; watch.disconnect(); scheme.removeEventListener("change", recolour); },
  };
}
