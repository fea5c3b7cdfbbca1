// Requests to the coordinator and what it tells by itself.

import { say } from "./dom.js";

/** Seconds that the coordinator's clock is ahead of this machine's. */
let ahead = 0;
export const now = () => Date.now() / 1000 + ahead;

export class Refused extends Error {
  constructor(status, detail) { super(detail); this.status = status; }
}

/** JSON with whole numbers that a double does not hold, seeds above all, as texts of their digits. */
export function parse(text) {
  if (!/[0-9]{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/g,
    (word) => /^-?[0-9]+$/.test(word) && !Number.isSafeInteger(Number(word)) ? `"${word}"` : word));
}

/** JSON from the coordinator, at an address below the page's own: a proxy may have put the page anywhere. Throws `Refused` with its sentence. */
export async function ask(path, method = "GET", body) {
  const headers = { "X-Medsweep": "1" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  const value = await answer.text().then(parse).catch(() => ({}));
  if (!answer.ok) {
    if (answer.status === 401 && path !== "v1/session") document.dispatchEvent(new Event("signin"));
    throw new Refused(answer.status, value.detail ?? `the coordinator answered ${answer.status}`);
  }
  return value;
}

/** Pauses, resumes, cancels or retries a sweep, job or worker. */
export async function control(kind, name, action) {
  try {
    const path = `v1/${kind}/${encodeURIComponent(name)}/control`;
    const { changed } = await ask(path, "POST", { action, who: "dashboard" });
    say(changed ? `${action}: ${changed === 1 ? "done" : `${changed} jobs`}` : `${action}: nothing to change`);
  } catch (error) {
    say(error.message);
  }
}

let source;
let version;

/** Follows what happens, with a sweep or a job in detail; `heard` gets every message by its name. */
export function follow(topic, heard) {
  source?.close();
  const query = new URLSearchParams(topic).toString();
  const opened = new EventSource("v1/stream" + (query ? `?${query}` : ""));
  source = opened;
  const light = document.getElementById("live");
  const show = (text) => { light.textContent = text; light.className = `live is-${text}`; };
  opened.addEventListener("hello", (event) => {
    const hello = parse(event.data);
    if (version && version !== hello.version) return location.reload();
    version = hello.version;
    ahead = hello.now - Date.now() / 1000;
    show("live");
    heard("hello", hello);
  });
  for (const name of ["sweeps", "sweep", "workers", "log", "grid", "regrid", "table", "job", "joblog"]) {
    opened.addEventListener(name, (event) => heard(name, parse(event.data)));
  }
  opened.addEventListener("error", () => {
    if (source !== opened) return;
    show("reconnecting");
    // A browser does not come back by itself from an answer that is no stream.
    if (opened.readyState === EventSource.CLOSED) setTimeout(() => retry(opened, topic, heard), 2000);
  });
}

async function retry(opened, topic, heard) {
  if (source !== opened) return;
  try {
    const { isAsked, isSignedIn } = await ask("v1/session");
    if (isAsked && !isSignedIn) return document.dispatchEvent(new Event("signin"));
  } catch { /* The coordinator is away: the next try tells. */ }
  if (source === opened) follow(topic, heard);
}

export function unfollow() { source?.close(); source = undefined; }
