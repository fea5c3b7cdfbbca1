// The workers that were heard of lately.

import { bytes, duration, element, jobLink, platformText, replace, summary, table } from "./dom.js";
import { control, now } from "./live.js";

export function workersPage(main) {
  const list = element("div", {}, element("p", { class: "quiet" }, "Loading"));
  main.replaceChildren(element("h1", {}, "Workers"), list);
  let workers;

  function draw() {
    if (!workers) return;
    if (!workers.length) {
      return replace(list, element("p", {}, "No worker was heard of lately. Start one with ", element("code", {}, "medsweep-worker"), "."));
    }
    // A name may be several workers'.
    const shown = (about) => workers.filter(({ worker }) => worker.description.name === about.name).length > 1
      ? `${about.name} ${about.instance.slice(0, 8)}` : about.name;
    const steps = ["resume", "pause"].map((action) => (name) => control("workers", name, action));
    replace(list, table("Workers", ["Worker", "Offers", "Heard of", "Jobs", "Platform", ""], workers.map(({ worker, running }) => {
      const about = worker.description;
      return [
        [shown(about), worker.isPaused && element("span", { class: "chip cancelled" }, "paused")],
        [`${about.resources.threads} threads, ${bytes(about.resources.memory)}`, ...about.resources.gpus.map((memory) => `GPU of ${bytes(memory)}`)].join(", "),
        `${duration(Math.max(0, now() - worker.seen))} ago`,
        running.length
          ? running.map((job) => element("div", {}, jobLink(job.identity, `${job.method} on ${job.dataset}, seed ${job.seed}`),
            job.progress && ` ${summary(job.progress)}`))
          : "none",
        platformText(about.platform),
        element("button", { type: "button", "data-name": about.instance, "data-step": worker.isPaused ? 0 : 1, "aria-label": `${worker.isPaused ? "Resume" : "Pause"} ${shown(about)}` },
          worker.isPaused ? "Resume" : "Pause"),
      ];
    })));
    for (const button of list.querySelectorAll("button")) {
      button.onclick = () => steps[Number(button.dataset.step)](button.dataset.name);
    }
  }

  // Ages grow by themselves.
  const clock = setInterval(draw, 5000);
  return {
    heard(name, value) { if (name === "workers") { workers = value; draw(); } },
    left() { clearInterval(clock); },
  };
}
