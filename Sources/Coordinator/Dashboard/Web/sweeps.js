// The overview: every sweep.

import { bar, counts, duration, element, number, rate, replace, sweepLink, time } from "./dom.js";

/** `paused`, `running` and so on, in a word. */
export function standing(sweep) {
  if (sweep.isExpanding) return "being made";
  if (sweep.isFinished) return "finished";
  return sweep.isPaused ? "paused" : "open";
}

export function sweepFacts(sweep, perHour) {
  const facts = [standing(sweep), `${Math.floor(sweep.progress * 1000) / 10} %`, counts(sweep.jobs)];
  if (!sweep.isFinished && perHour) facts.push(rate(perHour));
  if (!sweep.isFinished && sweep.remaining) facts.push(`${duration(sweep.remaining)} left`);
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
        element("p", {}, sweepFacts(sweep, sweep.rate).join(" · ")),
        element("p", { class: "quiet" }, `${number(sweep.total)} jobs, submitted ${time(sweep.submitted)}`))));
    },
  };
}
