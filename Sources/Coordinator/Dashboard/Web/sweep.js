// One sweep: its table, its jobs as a grid, what fails, and what can be done to it.

import { bar, chip, element, jobLink, link, number, replace, stateTitle, summary, table } from "./dom.js";
import { grid } from "./grid.js";
import { ask, control } from "./live.js";
import { isFinished, sweepFacts } from "./sweeps.js";

export function sweepPage(main, name) {
  const facts = element("div");
  const failing = element("section", { "aria-label": "Failing jobs" });
  const running = element("section", { "aria-label": "Running jobs" });
  const results = element("div");
  const list = element("div");
  const jobs = grid(name);
  let data, metric, rows = [], shown = "", next;

  const act = (action, title, question) => element("button", {
    type: "button", onclick: () => { if (!question || confirm(question)) control("sweeps", name, action); },
  }, title);
  const pause = act("pause", "Pause");
  const resume = act("resume", "Resume");
  const retry = act("retry", "Retry failed");
  const cancel = act("cancel", "Cancel", `Cancel sweep ${name}? Jobs without a result are taken out; results stay.`);
  const choice = element("select", { id: "metric", onchange: () => { metric = choice.value; drawTable(); } });
  const filter = element("select", { id: "state", onchange: () => load(filter.value) },
    element("option", { value: "" }, "choose a state"),
    ["quarantined", "leased", "pending", "cancelled", "done"].map((state) => element("option", { value: state }, stateTitle[state])));
  main.replaceChildren(
    element("p", { class: "path" }, link("#/", "Sweeps")),
    element("h1", {}, name),
    facts,
    element("div", { class: "buttons", role: "group", "aria-label": "Steering" }, pause, resume, retry, cancel),
    failing,
    element("section", {}, element("h2", {}, "Results"),
      element("p", {}, element("label", { for: "metric" }, "Metric "), choice), results),
    element("section", {}, element("h2", {}, "Jobs"), jobs.node,
      element("p", {}, element("label", { for: "state" }, "List those that are "), filter), list),
    running);

  function drawTable() {
    if (!data) return;
    const cell = (line, dataset) => {
      const found = line.cells[dataset.name];
      if (!found) return element("td", {});
      const value = found.values[metric];
      if (!value) return element("td", { class: "quiet" }, `– (0/${found.expected})`);
      const text = (value.mean * 100).toFixed(1) + (value.deviation === undefined ? "" : ` ± ${(value.deviation * 100).toFixed(1)}`);
      const missing = value.count < found.expected ? ` (${value.count}/${found.expected})` : "";
      const mark = value.place === 1 ? "strong" : value.place === 2 ? "u" : "span";
      return element("td", { class: "number" }, element(mark, {}, text), found.isMixed && element("span", { title: "Results of several engine classes: the last digits differ between them" }, " †"),
        missing && element("span", { class: "quiet" }, missing));
    };
    replace(results,
      table("Results by method and data set", ["Method", ...data.datasets.map((dataset) => dataset.title)],
        data.lines.map((line) => [line.title, ...data.datasets.map((dataset) => cell(line, dataset))])),
      element("p", { class: "quiet" }, "Percent, mean ± standard deviation over seeds; in parentheses finished of expected jobs. ",
        "Best in bold, second best underlined, where all jobs are done.",
        data.lines.some((line) => Object.values(line.cells).some((found) => found.isMixed)) && " † Results of several engine classes."));
  }

  function takeTable(value) {
    data = value;
    metric = data.metrics.some((entry) => entry.name === metric) ? metric : data.metric;
    replace(choice, data.metrics.map((entry) => element("option", { value: entry.name }, entry.title)));
    choice.value = metric;
    drawTable();
  }

  function takeSweep(sweep) {
    replace(facts, bar(sweep.jobs, sweep.total, sweep.progress),
      element("p", {}, sweepFacts(sweep).join(" · ")),
      (sweep.weights ?? []).filter((entry) => !entry.isOffered).map((entry) => element("p", { class: "warning" },
        `${number(entry.jobs)} jobs wait for the pretrained weights ${entry.name}, which no worker has.`)),
      (sweep.obstacles ?? []).map((entry) => element("p", { class: "warning" }, `${number(entry.jobs)} jobs wait: ${entry.reason}.`)));
    pause.hidden = sweep.isPaused || isFinished(sweep);
    resume.hidden = !sweep.isPaused;
    retry.hidden = !["quarantined", "cancelled"].some((state) => sweep.jobs[state]);
    cancel.hidden = !["pending", "leased", "quarantined"].some((state) => sweep.jobs[state]);
    replace(failing, sweep.failing.length > 0 && [
      element("h2", {}, "Failing"),
      table("Failing jobs", ["Job", "Method", "Data set", "Seed", "Error"], sweep.failing.map((job) =>
        [jobLink(job.identity), job.method, job.dataset, job.seed, element("td", { class: "error" }, job.error)])),
    ]);
    replace(running, sweep.running.length > 0 && [
      element("h2", {}, "Running"),
      table("Running jobs", ["Job", "Method", "Data set", "Seed", "Worker", "Progress"], sweep.running.slice(0, 50).map((job) =>
        [jobLink(job.identity), job.method, job.dataset, job.seed, job.worker,
          job.progress ? summary(job.progress) : ""])),
      sweep.running.length > 50 && element("p", { class: "quiet" }, `and ${number(sweep.running.length - 50)} more`),
    ]);
  }

  async function load(state, after) {
    if (after === undefined) { rows = []; shown = state; }
    if (!state) return replace(list);
    do {
      const query = new URLSearchParams({ state, limit: 50, after: after ?? -1 });
      const page = await ask(`v1/sweeps/${encodeURIComponent(name)}/jobs?${query}`);
      if (shown !== state) return;
      rows.push(...page.jobs);
      after = next = page.next;
      // A page can be short, or empty, far from such a job.
    } while (next !== undefined && rows.length === 0);
    list.replaceChildren(rows.length
      ? table("Jobs", ["Place", "Job", "State", "Method", "Data set", "Seed"], rows.map((row) =>
        [row.position, jobLink(row.identity), chip(row.state), row.job.method, row.job.dataset, row.job.seed]))
      : element("p", { class: "quiet" }, "None."),
    next === undefined ? "" : element("button", { type: "button", onclick: () => load(state, next) }, "More"));
  }

  return {
    topic: { sweep: name },
    heard(message, value) {
      if (message === "sweep") takeSweep(value);
      if (message === "table") takeTable(value);
      if (message === "hello" || message === "regrid") jobs.load();
      if (message === "grid") jobs.change(value);
    },
    left() { jobs.left(); },
  };
}
