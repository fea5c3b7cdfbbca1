// Which page is shown, and who is signed in.

import { element, say, shown } from "./dom.js";
import { eventsPage } from "./events.js";
import { jobPage } from "./job.js";
import { ask, follow, unfollow } from "./live.js";
import { sweepPage } from "./sweep.js";
import { sweepsPage } from "./sweeps.js";
import { workersPage } from "./workers.js";

const main = document.getElementById("main");
const leave = document.getElementById("leave");
let page;

function show() {
  page?.left?.();
  const [kind = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  let name = rest.join("/");
  try { name = decodeURIComponent(name); } catch { /* As it stands. */ }
  const pages = { sweep: sweepPage, job: jobPage, workers: workersPage, events: eventsPage };
  const opened = (pages[kind] ?? sweepsPage)(main, name);
  page = opened;
  document.title = shown([name && kind === "job" ? name.slice(0, 12) : name || kind, "medsweep"].filter(Boolean).join(" · "));
  for (const anchor of document.querySelectorAll("nav a")) {
    const isHere = anchor.hash === `#/${kind}` || (anchor.hash === "#/" && !["workers", "events"].includes(kind));
    if (isHere) anchor.setAttribute("aria-current", "page"); else anchor.removeAttribute("aria-current");
  }
  follow(opened.topic ?? {}, (message, value) => { if (page === opened) opened.heard(message, value); });
  if (opened.topic) check(kind, name);
}

/** Says when there is no such sweep or job. */
async function check(kind, name) {
  try {
    await ask(`v1/${kind}s/${encodeURIComponent(name)}`);
  } catch (error) {
    if (error.status !== 404) return;
    unfollow();
    main.replaceChildren(element("h1", {}, "Not found"), element("p", {}, error.message), element("p", {}, element("a", { href: "#/" }, "All sweeps")));
  }
}

function signIn() {
  unfollow();
  page?.left?.();
  page = undefined;
  leave.hidden = true;
  const input = element("input", { id: "token", type: "password", autocomplete: "off", required: true, size: 40 });
  const trouble = element("p", { class: "error", role: "alert" });
  main.replaceChildren(element("h1", {}, "Sign in"), element("form", {
    async onsubmit(event) {
      event.preventDefault();
      try {
        await ask("v1/session", "POST", { token: input.value });
        leave.hidden = false;
        show();
      } catch (error) {
        trouble.textContent = shown(error.message);
      }
    },
  }, element("p", {}, element("label", { for: "token" }, "An operator's token of this coordinator")), element("p", { class: "fields" }, input,
    element("button", { type: "submit" }, "Sign in")), trouble));
  input.focus();
}

leave.addEventListener("click", async () => {
  try { await ask("v1/session", "DELETE"); } catch (error) { say(error.message); }
  signIn();
});
document.addEventListener("signin", signIn);
// The fragment is the page's address: the skip link must not change it.
document.getElementById("skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
window.addEventListener("hashchange", () => { if (page) { show(); main.focus({ preventScroll: true }); scrollTo(0, 0); } });

const session = await ask("v1/session").catch(() => ({ isAsked: false }));
leave.hidden = !(session.isAsked && session.isSignedIn);
if (session.isAsked && !session.isSignedIn) signIn(); else show();
