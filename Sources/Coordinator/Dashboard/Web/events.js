// Who did what to which job, the newest first.

import { element, jobLink, replace, sweepLink, table, time } from "./dom.js";

const most = 200;

export function eventsPage(main) {
  const list = element("div", {}, element("p", { class: "quiet" }, "Loading"));
  main.replaceChildren(element("h1", {}, "Events"), list);
  let events = [];
  return {
    heard(name, value) {
      if (name === "hello") events = [];
      if (name !== "log") return;
      events = [...events, ...value].slice(-most);
      replace(list, events.length
        ? table("Events", ["When", "Who", "What", "Job", "Sweep"], events.toReversed().map((event) =>
          [time(event.at), event.who, event.what, event.job ? jobLink(event.job) : "", event.sweep ? sweepLink(event.sweep) : ""]))
        : element("p", { class: "quiet" }, "Nothing has happened yet."));
    },
  };
}
