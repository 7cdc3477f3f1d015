// What forms and links cannot do by themselves. Everything works without it, only less comfortably.
"use strict";

const each = (selector, act) => document.querySelectorAll(selector).forEach(act);

// "/" goes to the search, unless somebody is writing.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") each(".tip", (tip) => tip.classList.add("closed"));
  const search = document.getElementById("search");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || !search) return;
  if (event.target.closest("input, select, textarea, [contenteditable]")) return;
  event.preventDefault();
  search.focus();
  search.select();
});
document.addEventListener("pointerover", (event) => event.target.closest(".tip")?.classList.remove("closed"));
document.addEventListener("focusin", (event) => event.target.closest(".tip")?.classList.remove("closed"));

// Light or dark at once; the cookie is what the server's own form would set.
const YEAR = 365 * 24 * 3600;
function chooseTheme(theme) {
  const secure = location.protocol === "https:" ? "; secure" : "";
  document.cookie = `theme=${theme}; path=/; max-age=${theme ? YEAR : 0}; samesite=lax${secure}`;
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  each("[data-theme-choice]", (button) => button.setAttribute("aria-pressed", String(button.value === theme)));
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    return;
  }
  const word = button.querySelector("span");
  const before = word.textContent;
  word.textContent = button.dataset.done;
  setTimeout(() => { word.textContent = before; }, 2000);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.matches("[data-theme-choice]")) {
    event.preventDefault();
    chooseTheme(button.value);
  } else if (button.dataset.copy !== undefined) {
    copy(button);
  } else if (button.matches("[data-dismiss]")) {
    button.closest(".toast").remove();
  } else if (button.dataset.opens) {
    document.getElementById(button.dataset.opens)?.showModal();
  } else if (button.matches("[data-closes]")) {
    button.closest("dialog")?.close();
  }
});

// A choice that acts at once where there is a script needs no button of its own.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-send]")) event.target.form.requestSubmit();
});

// A form is sent once: a second press while the first is under way does nothing.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  else form.dataset.sent = "yes";
});
window.addEventListener("pageshow", () => each("form[data-sent]", (form) => delete form.dataset.sent));

// What is typed while a row comes or goes is not in the answer: it is kept, and so is the place at which it is typed.
// Rows that come leave the names of the fields as they are; behind one that goes the others move up.
const fieldsOf = (rows) => [...rows.querySelectorAll("input, select")];
let typing = document.body;
document.addEventListener("htmx:beforeSwap", () => { typing = document.activeElement; });
function carryOver(before, after, step) {
  const gone = step.value.includes("-drop:") ? step.closest(".tier, .filter, .condition") : null;
  const kept = fieldsOf(before).filter((field) => !gone?.contains(field));
  let place = null;
  fieldsOf(after).forEach((field, position) => {
    const same = gone ? kept[position] : kept.find((each) => each.name === field.name);
    if (!same) return;
    if (field.value !== same.value) field.value = same.value;
    if (same === typing) place = field;
  });
  return place;
}
function goOnAt(place) {
  place.focus();
  if (typing.selectionStart != null) place.setSelectionRange(typing.selectionStart, typing.selectionEnd);
}

function ready(root, place = null) {
  root.querySelectorAll("[data-copy][hidden], [data-dismiss][hidden]").forEach((button) => { button.hidden = false; });
  root.querySelectorAll("[data-send-button]").forEach((button) => { button.hidden = true; });
  if (place) goOnAt(place);
  else if (document.activeElement === document.body || root.contains(document.activeElement)) root.querySelector("[data-focus]")?.focus();
}
ready(document);
const rowsOf = (event) => event.target.matches(".composer .tiers, .composer .filters");
// At once, not when the page has settled: who types in between would lose a key.
document.addEventListener("htmx:afterSwap", (event) => {
  const { target, requestConfig } = event.detail;
  ready(event.target, rowsOf(event) ? carryOver(target, event.target, requestConfig.elt) : null);
});
// A row that came or went counts for what is worked out beside it.
document.addEventListener("htmx:afterSettle", (event) => {
  if (rowsOf(event)) event.target.dispatchEvent(new Event("change", { bubbles: true }));
});
document.addEventListener("htmx:afterRequest", (event) => { delete event.target.dataset?.sent; });
// A refused form comes back with 422 and what was typed: it is shown, too.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) Object.assign(event.detail, { shouldSwap: true, isError: false });
});
