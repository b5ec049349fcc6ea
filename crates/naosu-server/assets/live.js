// Shows what is measured as it comes out; without this script the page is loaded again every two seconds.
(() => {
  "use strict";
  const running = document.getElementById("running");
  const seen = document.getElementById("seen");
  if (!running || !seen || !window.EventSource) return;
  const known = Number(running.dataset.from);
  const live = new EventSource("/c/" + running.dataset.secret + "/progress/stream");
  live.addEventListener("seen", (event) => {
    const { mark, name, text, running: now } = JSON.parse(event.data);
    running.textContent = now.join(document.documentElement.lang === "ja" ? "、" : ", ");
    if (Number(event.lastEventId) <= known) return;
    const item = document.createElement("li");
    const part = (kind, words) => Object.assign(document.createElement(kind), { textContent: words });
    const sign = part("span", mark);
    sign.className = mark === "✗" ? "mark bad" : "mark";
    item.append(sign, " ", part("strong", name), " " + text);
    seen.append(item);
  });
  live.addEventListener("end", () => { live.close(); location.reload(); });
})();
