"use strict";
// Ask for the page again and put in what differs, so that nothing flickers and nobody's place on it is lost.
const live = document.querySelector(".live");
let asked = 0;
async function refresh() {
  try {
    const answer = await fetch("./", { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-part]")) {
      const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
      if (other && other.innerHTML !== part.innerHTML) part.replaceChildren(...other.childNodes);
    }
    document.title = fresh.title;
    live.textContent = "live";
    live.classList.remove("stale");
    asked = 0;
  } catch (error) {
    asked += 1;
    live.textContent = asked > 1 ? "the dock does not answer: what is shown is old" : "asking again";
    live.classList.toggle("stale", asked > 1);
  }
  setTimeout(refresh, document.hidden ? 10000 : 2000);
}
setTimeout(refresh, 2000);
