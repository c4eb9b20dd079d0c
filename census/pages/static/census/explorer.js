// Updates the explorer without reloading the page. The server renders every state; this fetches the
// next one, replaces the content, and draws the picture with tooltips.

import { draw } from "./drawing.js";

const PATIENCE = 500; // ms to wait after a key press on a select before the next state is fetched
document.documentElement.classList.add("script");

let asking = null;
let timer = 0; // of a form that waits for more key presses
let sent = null; // a promise of the state of the form that was sent last, until it is shown
let released = Promise.resolve(); // a promise of the end of a press on a link
let key = false; // whether the last change was made by the keyboard
let shown = location.pathname + location.search;
let burst = 0; // time of the last state change by the keyboard

function say(text) {
  const status = document.querySelector("#status");
  if (status) status.textContent = text;
}

// --- Copying ------------------------------------------------------------------------------------

function addButtons(within = document) {
  for (const block of within.querySelectorAll(".code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy plain";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy: " + block.textContent.trim().slice(0, 40));
    block.append(button);
  }
}

async function copy(button) {
  const code = button.parentElement.querySelector("code");
  const usual = button.textContent;
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(button.dataset.copy ?? code.textContent);
  } catch {
    if (code) getSelection().selectAllChildren(code);
    said = code ? "Selected" : "Not copied";
  }
  button.textContent = said;
  say(said);
  setTimeout(() => (button.textContent = usual), 1500);
}

// --- Searching the values of a filter ----------------------------------------------------------

function addSearches(within = document) {
  for (const box of within.querySelectorAll("[data-search]")) {
    const field = document.createElement("input");
    field.type = "search";
    field.className = "search";
    field.placeholder = "search the values";
    field.setAttribute("aria-label", "Search the values of " + box.querySelector("legend").textContent);
    field.addEventListener("input", () => {
      const wanted = field.value.toLowerCase();
      for (const label of box.querySelectorAll("label")) {
        label.parentElement.hidden = !label.textContent.toLowerCase().includes(wanted);
      }
    });
    box.querySelector("legend").after(field);
  }
}

// --- From state to state -----------------------------------------------------------------------

function refuse(address, remember) {
  const result = document.querySelector(".result");
  document.querySelector("#explorer").removeAttribute("aria-busy");
  result.querySelector(".offline")?.remove();
  const box = document.createElement("section");
  box.className = "problem offline";
  const text = document.createElement("p");
  text.textContent = "The service cannot be reached. What is below is the answer before. ";
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = "Try again";
  again.addEventListener("click", () => go(address, remember));
  box.append(text, again);
  result.prepend(box);
  say(text.textContent);
}

async function go(address, remember, focus) {
  clearTimeout(timer);
  timer = 0;
  asking?.abort();
  const mine = (asking = new AbortController());
  const old = document.querySelector("#explorer");
  old.setAttribute("aria-busy", "true");
  let response, text;
  try {
    response = await fetch(address, { signal: mine.signal, headers: { Accept: "text/html" } });
    text = await response.text();
    await released;
  } catch (error) {
    if (error.name !== "AbortError") refuse(address, remember);
    return;
  }
  if (mine.signal.aborted) return;
  const next = new DOMParser().parseFromString(text, "text/html");
  const fresh = next.querySelector("#explorer");
  if (!fresh) {
    location.assign(address);
    return;
  }
  show(old, fresh, focus);
  document.title = next.title;
  if (remember) {
    const state = remember === "replace" ? "replaceState" : "pushState";
    history[state](null, "", response.url);
  }
  shown = location.pathname + location.search;
  say(fresh.dataset.summary);
  prepare(fresh);
}

function prepare(within) {
  addButtons(within);
  addSearches(within);
  draw();
}

// Keeps the focus on the same element; if it is gone, on the nearest one.
function show(old, fresh, focus) {
  for (const details of old.querySelectorAll("details[id]:not(.menu)")) {
    const same = fresh.querySelector("#" + CSS.escape(details.id));
    if (same) same.open = details.open;
  }
  fresh.querySelector("#change_question").checked = old.querySelector("#change_question").checked;
  const active = document.activeElement;
  const inside = old.contains(active);
  const height = old.querySelector("#chart")?.offsetHeight ?? 0;
  old.replaceWith(fresh);
  // Keeps the height until the new picture is drawn, so that the content below does not move.
  const figure = fresh.querySelector("#chart");
  if (figure && height) figure.style.minHeight = `${height}px`;
  const chosen = fresh.querySelector("[data-new] input"); // of a filter just added
  if (!inside && !chosen) return;
  const found = chosen || (focus && fresh.querySelector(focus)) || counterpart(active, fresh);
  (found || fresh.querySelector("#answer"))?.focus({ preventScroll: true });
}

// Returns the same element of another state: the one of its id, or the link of its name.
function counterpart(element, within) {
  if (element.id) return within.querySelector("#" + CSS.escape(element.id));
  const name = (one) => (one.getAttribute("aria-label") ?? one.textContent).replace(/[↕↓↑\s]/g, "");
  return [...within.querySelectorAll("a")].find((link) => name(link) === name(element));
}

function submit(form, remember) {
  const address = new URL(form.action);
  address.search = new URLSearchParams(new FormData(form));
  const mine = (sent = go(address.href, remember).finally(() => {
    if (sent === mine) sent = null;
  }));
}

// Follows a link within the page. Its address is of the state that is shown: a change of the form
// that is not shown yet comes first.
async function follow(link) {
  const focus = link.classList.contains("chip") ? ".chip, #id_where" : link.closest(".problem, .misfit") ? "#answer" : "";
  const explorer = document.querySelector("#explorer");
  if (explorer.contains(link) && !link.classList.contains("over")) {
    if (timer) submit(document.querySelector("#question"), "push");
    if (sent) {
      await sent;
      link = counterpart(link, document.querySelector("#explorer"));
    }
  }
  if (link) go(link.href, "push", focus);
}

// --- Events ------------------------------------------------------------------------------------

const inQuestion = (target) => target.form?.id === "question";

document.addEventListener("keydown", (event) => {
  key = event.key.startsWith("Arrow") || event.key.length === 1 || event.key.startsWith("Page")
    || event.key === "Home" || event.key === "End";
});
document.addEventListener("pointerdown", (event) => {
  key = false;
  if (!event.target.closest("a[data-stay]")) return;
  released = new Promise((release) => {
    for (const end of ["pointerup", "pointercancel"]) {
      addEventListener(end, () => setTimeout(release), { once: true }); // after its click
    }
  });
});

// Arrow keys change a select at each press: wait for a pause, and make one history entry for all.
document.addEventListener("change", (event) => {
  const { target } = event;
  if (!inQuestion(target) || target.classList.contains("search")) return;
  clearTimeout(timer);
  if (target.tagName !== "SELECT" || !key) return submit(target.form, "push");
  timer = setTimeout(() => {
    const soon = Date.now() - burst < 4 * PATIENCE;
    burst = Date.now();
    submit(target.form, soon ? "replace" : "push");
  }, PATIENCE);
});
document.addEventListener("submit", (event) => {
  if (event.target.id !== "question") return;
  event.preventDefault();
  submit(event.target, "push");
});
// Enter would fire a change and a submit event: handle the change only.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.target.tagName !== "INPUT" || !inQuestion(event.target)) return;
  event.preventDefault();
  event.target.blur();
  event.target.focus();
});
document.addEventListener("click", (event) => {
  const button = event.target.closest(".copy, [data-copy]");
  if (button) copy(button);
  for (const menu of document.querySelectorAll(".menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const link = event.target.closest("a[data-stay]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  if (!document.querySelector("#explorer")) return;
  event.preventDefault();
  follow(link);
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest(".menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});
addEventListener("popstate", () => {
  if (location.pathname + location.search !== shown) go(location.href, "");
});

prepare(document);
