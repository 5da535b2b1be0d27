// Keeps the states on an open page right without reloading it: nobody loses
// their place, and a screen reader hears of a change once, through the summary.
// Without it the page is complete, and its "Refresh" link does the same.
"use strict";

function show(now) {
  const summary = document.getElementById("summary");
  const text = document.getElementById("summary-text");
  if (summary && text) {
    summary.dataset.state = now.overall;
    if (text.textContent !== now.summary) text.textContent = now.summary;
  }
  const cards = document.querySelectorAll("[data-service]");
  now.services.forEach((service, i) => {
    const card = cards[i];
    if (!card || card.dataset.service !== service.title) return;
    card.dataset.state = service.state;
    card.querySelector(".says").textContent = service.says;
    card.querySelector(".reason").textContent = service.reason;
  });
  const when = document.getElementById("checked");
  if (when) when.textContent = now.when;
}

async function update() {
  if (document.hidden) return;
  try {
    const response = await fetch("/api/services", { cache: "no-store" });
    if (response.ok) show(await response.json());
  } catch {
    // The page's own server is away: what is shown says when it was checked.
  }
}

setInterval(update, 10000);
document.addEventListener("visibilitychange", update);
