// What this browser knows of its device, for the page that measures; shown there, and sent to this server only.
(async () => {
  "use strict";
  const list = document.getElementById("browser");
  if (!list) return;
  const base = "/c/" + list.dataset.secret + "/browser";
  const told = { samples: [], hints: {}, outside: null, web: null };

  // the clock against the server's: of several questions the one with the shortest way counts
  for (let i = 0; i < 5; i++) {
    try {
      const sent = Date.now();
      const from = performance.now();
      const answer = await fetch(base + "/time", { cache: "no-store" });
      const way = performance.now() - from;
      if (answer.ok) told.samples.push([sent, await answer.json(), sent + way]);
    } catch { break; }
  }
  try { told.zone = Intl.DateTimeFormat().resolvedOptions().timeZone || null; } catch { told.zone = null; }
  told.languages = (navigator.languages || []).slice(0, 8).filter((tag) => /^[A-Za-z0-9-]{1,35}$/.test(tag));
  told.hints.touch = navigator.maxTouchPoints > 1;
  try {
    const more = await navigator.userAgentData.getHighEntropyValues(["platformVersion"]);
    if (/^[0-9.]{1,20}$/.test(more.platformVersion)) told.hints.version = more.platformVersion;
  } catch { /* most browsers have none */ }

  // whether it gets out at all: what comes back is not read
  const reaches = async (url) => {
    if (!url || (location.protocol === "https:" && !url.startsWith("https:"))) return null;
    try {
      await fetch(url, { mode: "no-cors", cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(6000) });
      return true;
    } catch { return false; }
  };
  [told.outside, told.web] = await Promise.all([reaches(list.dataset.outside), reaches(list.dataset.web)]);

  const refuse = document.querySelector("[name=no_browser]");
  if (refuse && refuse.checked) return;
  const answer = await fetch(base, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(told) });
  if (!answer.ok) return;
  list.replaceChildren(...(await answer.json()).seen.map((text) => {
    const item = document.createElement("li");
    item.textContent = text;
    return item;
  }));
})();
