// One job: where it stands, its attempts with their logs, curve, result and files.

import { bytes, chip, duration, element, jobLink, link, platformText, replace, shape, shown, summary, sweepLink, table, time } from "./dom.js";
import { ask, control } from "./live.js";

export function jobPage(main, identity) {
  const body = element("div", {}, element("p", { class: "quiet" }, "Loading"));
  const why = element("div");
  const log = element("pre", { class: "log", tabindex: "0", "aria-label": "Log" });
  const logPart = element("section", { hidden: true }, element("h2", {}, "Log"), log);
  const act = (action, title) => element("button", { type: "button", onclick: () => control("jobs", identity, action) }, title);
  const buttons = { pause: act("pause", "Pause"), resume: act("resume", "Resume"), retry: act("retry", "Retry"), cancel: act("cancel", "Cancel") };
  main.replaceChildren(
    element("p", { class: "path" }, link("#/", "Sweeps"), " / "),
    element("h1", {}, `Job ${identity.slice(0, 12)}`),
    element("div", { class: "buttons", role: "group", "aria-label": "Steering" }, Object.values(buttons)),
    body, logPart, why);
  const path = main.querySelector(".path");
  let explained = "";

  async function explain(state) {
    if (explained === state) return;
    explained = state;
    try {
      const { reasons, nearest } = await ask(`v1/jobs/${identity}/explain`);
      replace(why, element("h2", {}, "Why"), element("ul", {}, reasons.map((reason) => element("li", {}, reason))),
        nearest && element("p", {}, "The nearest finished job is ", jobLink(nearest.identity), ": ", nearest.differences.join("; ")));
    } catch (error) {
      replace(why, element("p", { class: "error" }, error.message));
    }
  }

  function take(detail) {
    const { job, record, result, progress } = detail;
    const isOpen = record.state === "pending" || record.state === "leased";
    buttons.pause.hidden = !isOpen || record.isPaused;
    buttons.resume.hidden = !record.isPaused;
    buttons.retry.hidden = isOpen || record.state === "done";
    buttons.cancel.hidden = !isOpen && record.state !== "quarantined";
    replace(path, link("#/", "Sweeps"), " / ", detail.sweeps.map((name, index) => [index ? ", " : "", sweepLink(name)]));
    const points = detail.curve ?? [];
    const losses = result ? result.losses.map((loss, index) => [index + 1, loss]) : series(points, "loss");
    const areas = series(points, "auc");
    if (result && areas.length && result.metrics.auc !== undefined) areas.push([Math.max(progress?.work ?? 0, areas.at(-1)[0] + 1), result.metrics.auc]);
    const facts = [record.hold && `by ${record.hold.worker}`, record.isPaused && "paused",
      progress && isOpen && summary(progress),
      progress?.speed && isOpen && `${Math.round(progress.speed)} ${progress.unit}/s`,
      record.lostLeases > 0 && `${record.lostLeases} lease${record.lostLeases === 1 ? "" : "s"} lost with ${record.lostLeases === 1 ? "its worker" : "their workers"}`,
      record.failedAttempts > 0 && `${record.failedAttempts} failed attempt${record.failedAttempts === 1 ? "" : "s"}`].filter(Boolean);
    replace(body,
      element("p", {}, chip(record.state), " ", [`${job.method} on ${job.dataset}, seed ${job.seed}`, ...facts].join(" · ")),
      losses.length > 0 && [element("h2", {}, "Training loss"), curve("Training loss", losses, result ? "epoch" : "images")],
      areas.length > 0 && [element("h2", {}, "AUC of the test images"), curve("AUC", areas, "images", 1)],
      result && [
        element("h2", {}, "Result"),
        table("Metrics", ["Metric", "Value"], Object.entries(result.metrics).map(([name, value]) =>
          [name, element("td", { class: "number" }, value.toPrecision(6))])),
        element("p", { class: "quiet" }, `${duration(result.trainingSeconds)} of training on ${result.host}: ${platformText(result.engine.platform)}, ${result.engine.precision}, ${result.engine.threads} thread${result.engine.threads === 1 ? "" : "s"}, peak memory ${bytes(result.peakMemory)}`),
        result.notes.map((note) => element("p", { class: "warning" }, note)),
        files(result.artefacts),
      ],
      element("h2", {}, "Attempts"),
      detail.attempts.length ? detail.attempts.toReversed().map(attempt) : element("p", { class: "quiet" }, "None yet."),
      element("h2", {}, "Settings"),
      table("Settings", ["Option", "Value"], Object.entries(job.configuration).sort().map(([name, value]) => [name, String(value)])),
      element("p", { class: "quiet digest" }, `identity ${detail.identity}, data ${job.fingerprint}, core version ${job.coreVersion}`));
    explain(`${record.state} ${record.isPaused} ${record.failedAttempts} ${record.hold?.worker}`);
  }

  /** Adds to the log, which stays at its end unless somebody has scrolled up to read. */
  function write(text) {
    logPart.hidden = false;
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
    log.textContent = (log.textContent + shown(text)).slice(-logLimit);
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }

  return {
    topic: { job: identity },
    heard(name, value) {
      // A stream that begins anew tells the end of the log once more.
      if (name === "hello") log.textContent = "";
      if (name === "job") take(value);
      if (name === "joblog") write(value);
    },
  };
}

/** Characters of a log that a page keeps. */
const logLimit = 256 * 1024;

/** Work and one value, of the points that have it. */
function series(points, name) {
  return points.filter((point) => point[name] !== undefined).map((point) => [point.work, point[name]]);
}

function attempt(entry) {
  const ended = entry.ended ? `${time(entry.ended)}, ${duration(entry.ended - entry.started)}` : "";
  return element("article", { class: "card" },
    element("p", {}, element("strong", {}, entry.outcome ?? "running"), ` on ${entry.worker}, from ${time(entry.started)}`,
      ended && ` to ${ended}`, entry.signal !== undefined && `, signal ${entry.signal}`),
    entry.error && element("p", { class: "error" }, entry.error),
    entry.logTail && element("pre", { tabindex: "0", "aria-label": "Log" }, entry.logTail));
}

function files(artefacts) {
  const address = (file) => `v1/artefacts/${file.sha256}?name=${encodeURIComponent(file.name)}`;
  const picture = artefacts.find((file) => file.name === "examples.png");
  return [
    element("h2", {}, "Files"),
    element("ul", {}, artefacts.map((file) => element("li", {}, link(address(file), file.name), ` ${bytes(file.size)}`))),
    picture && element("a", { href: address(picture) }, element("img", {
      src: address(picture), loading: "lazy",
      alt: "Test images with the highest and lowest scores: input, reconstruction, anomaly map and mask",
    })),
  ];
}

const short = (value) => value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(1) : value.toPrecision(3);

/** Values over what `unit` counts; `most` is the highest that there can be. */
function curve(title, points, unit, most = Infinity) {
  const [width, height, left, bottom] = [640, 220, 64, 28];
  const values = points.map((point) => point[1]).filter(Number.isFinite);
  let low = Math.min(...values), high = Math.max(...values);
  if (low === high) { low -= Math.abs(low) * 0.1 || 1; high = Math.min(most, high + (Math.abs(high) * 0.1 || 1)); }
  const last = Math.max(2, points.at(-1)[0]);
  const x = (place) => left + ((place - 1) / (last - 1)) * (width - left - 12);
  const y = (loss) => 12 + ((high - loss) / (high - low)) * (height - bottom - 24);
  const at = (px, py, anchor, text) => shape("text", { x: px, y: py, "text-anchor": anchor }, text);
  return shape("svg", {
    class: "curve", viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `${title} from ${points[0][1].toPrecision(4)} at ${points[0][0]} ${unit} to ${points.at(-1)[1].toPrecision(4)} at ${points.at(-1)[0]} ${unit}`,
  },
  shape("path", { class: "axis", d: `M${left} 6V${height - bottom}H${width - 6}` }),
  at(left - 6, y(high) + 4, "end", short(high)), at(left - 6, y(low) + 4, "end", short(low)),
  at(left, height - 8, "middle", "1"), at(width - 12, height - 8, "end", unit === "epoch" ? `epoch ${last}` : `${last.toLocaleString("en")} ${unit}`),
  shape("polyline", { class: "line", points: points.filter((point) => Number.isFinite(point[1])).map(([place, value]) => `${x(place)},${y(value)}`).join(" ") }),
  shape("circle", { class: "dot", cx: x(points.at(-1)[0]), cy: y(points.at(-1)[1]), r: 3.5 }));
}
