// Everything works without this. It only looks again at what is not ready yet, so that nobody has to load the page anew.
"use strict";

const SOON = 400, LATER = 3000, LOOKS = 200;

function untouched() {
  return [...document.querySelectorAll("textarea")].every((field) => field.value === field.defaultValue);
}

async function lookAgain(part, looks) {
  const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector(`[data-part="${part.dataset.part}"]`);
  if (!fresh) return;
  const over = part.querySelector("[data-proving]") && !fresh.querySelector("[data-proving]");
  if (over && untouched()) return location.replace(location.pathname);
  if (fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
  watch(part, looks + 1);
}

function watch(part, looks) {
  if (looks < LOOKS && part.querySelector("[data-counting], [data-proving]")) {
    setTimeout(() => lookAgain(part, looks), looks < 5 ? SOON : LATER);
  }
}

document.querySelectorAll("[data-part]").forEach((part) => watch(part, 0));
