// The overview: every sweep.

import { bar, counts, duration, element, number, rate, replace, sweepLink, time } from "./dom.js";

export const isFinished = (sweep) => !sweep.isExpanding && !sweep.jobs.pending && !sweep.jobs.leased;

/** `paused`, `finished` and so on, in a word. */
function standing(sweep) {
  if (sweep.isExpanding) return "being made";
  if (isFinished(sweep)) return "finished";
  return sweep.isPaused ? "paused" : "open";
}

export function sweepFacts(sweep) {
  const facts = [standing(sweep), `${Math.floor(sweep.progress * 1000) / 10} %`, counts(sweep.jobs)];
  if (!isFinished(sweep) && sweep.remaining) {
    facts.push(rate((sweep.total * (1 - sweep.progress) / sweep.remaining) * 3600), `${duration(sweep.remaining)} left`);
  }
  return facts;
}

export function sweepsPage(main) {
  const list = element("div", { class: "cards" }, element("p", { class: "quiet" }, "Loading"));
  main.replaceChildren(element("h1", {}, "Sweeps"), list);
  return {
    heard(name, data) {
      if (name !== "sweeps") return;
      if (!data.length) {
        return replace(list, element("p", {}, "No sweep yet. Submit one with ", element("code", {}, "medsweep submit FILE"), "."));
      }
      replace(list, data.map((sweep) => element("article", { class: "card" },
        element("h2", {}, sweepLink(sweep.name)),
        bar(sweep.jobs, sweep.total, sweep.progress),
        element("p", {}, sweepFacts(sweep).join(" · ")),
        element("p", { class: "quiet" }, `${number(sweep.total)} jobs, submitted ${time(sweep.submitted)}`))));
    },
  };
}
