// Makes the page at / a living one. The server renders every state of it; this asks for the next
// one without leaving the page, and draws the picture so that it tells its numbers under the mouse.

const page = document.documentElement;
page.classList.add("script");

let asking = null;
let shown = location.pathname + location.search;

async function draw() {
  const figure = document.querySelector("#chart");
  if (!figure) return;
  const response = await fetch(figure.dataset.spec);
  if (!response.ok) return;
  const target = document.createElement("div");
  await vegaEmbed(target, await response.json(), {
    ast: true, // expressions are interpreted, as the policy allows no eval
    renderer: "svg",
    actions: false,
    defaultStyle: false,
    tooltip: { disableDefaultStyle: true },
  });
  figure.replaceChildren(target);
  figure.style.minHeight = "";
}

function addCopyButtons() {
  for (const block of document.querySelectorAll("#explorer .code")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "Copy";
    button.setAttribute("aria-label", "Copy: " + block.textContent.trim().slice(0, 40));
    block.append(button);
  }
}

async function copy(button) {
  const text = button.parentElement.querySelector("code").textContent;
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(button.parentElement.querySelector("code"));
    said = "Selected";
  }
  button.textContent = said;
  say(said);
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

function say(text) {
  document.querySelector("#status").textContent = text;
}

async function go(address, remember) {
  asking?.abort();
  asking = new AbortController();
  const old = document.querySelector("#explorer");
  old.setAttribute("aria-busy", "true");
  let response, text;
  try {
    response = await fetch(address, { signal: asking.signal, headers: { Accept: "text/html" } });
    text = await response.text();
  } catch (error) {
    if (error.name !== "AbortError") location.assign(address);
    return;
  }
  const next = new DOMParser().parseFromString(text, "text/html");
  const fresh = next.querySelector("#explorer");
  if (!fresh) {
    location.assign(address);
    return;
  }
  show(old, fresh);
  document.title = next.title;
  if (remember) history.pushState(null, "", response.url);
  shown = location.pathname + location.search;
  say(fresh.dataset.summary);
  addCopyButtons();
  await draw();
}

function show(old, fresh) {
  for (const details of old.querySelectorAll("details")) {
    const same = fresh.querySelector("#" + details.id);
    if (same) same.open = details.open;
  }
  const focused = document.activeElement?.id;
  const height = old.querySelector("#chart")?.offsetHeight ?? 0;
  old.replaceWith(fresh);
  // The new picture is not there yet: what is below it must not jump up and down.
  const figure = fresh.querySelector("#chart");
  if (figure) figure.style.minHeight = `${height}px`;
  const asking = fresh.querySelector("[autofocus]"); // for the value of a new filter
  const same = focused ? document.getElementById(focused) : null;
  (asking ?? same)?.focus({ preventScroll: true });
}

document.addEventListener("change", (event) => event.target.form?.requestSubmit());
document.addEventListener("submit", (event) => {
  if (event.target.id !== "question") return;
  event.preventDefault();
  go(event.target.action + "?" + new URLSearchParams(new FormData(event.target)), true);
});
document.addEventListener("click", (event) => {
  if (event.target.closest(".copy")) copy(event.target);
  const link = event.target.closest("a[data-stay]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  go(link.href, true);
});
addEventListener("popstate", () => {
  if (location.pathname + location.search !== shown) go(location.href, false);
});

addCopyButtons();
draw();
