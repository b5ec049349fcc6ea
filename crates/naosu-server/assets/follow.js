// Shows where the case stands once it went on elsewhere; without this script there is a link to look again.
(() => {
  "use strict";
  const place = document.querySelector("[data-follow]");
  if (!place || !window.EventSource) return;
  const live = new EventSource(place.dataset.follow);
  live.addEventListener("changed", () => {
    live.close();
    // what is being written is not taken away
    if ([...document.querySelectorAll("textarea")].some((field) => field.value)) place.hidden = false;
    else location.reload();
  });
  addEventListener("pagehide", () => live.close());
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
