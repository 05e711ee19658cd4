// Everything works without this. It only looks again while the warehouse is counting, so that nobody has to load the page anew.
"use strict";

const part = document.querySelector('[data-part="counts"]');

async function lookAgain(left) {
  const answer = await fetch(location.pathname, { headers: { accept: "text/html" } });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector('[data-part="counts"]');
  if (!fresh) return;
  part.replaceChildren(...fresh.childNodes);
  soon(left - 1);
}

function soon(left) {
  if (left > 0 && part && part.querySelector("[data-counting]")) setTimeout(() => lookAgain(left), 3000);
}

soon(20);
