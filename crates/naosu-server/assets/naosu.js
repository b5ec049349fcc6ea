// Only improves: every page is whole without it.
"use strict";
(() => {
  const lang = document.documentElement.lang;
  const all = (selector) => document.querySelectorAll(selector);

  // times as the clock of this device shows them
  for (const time of all("time[data-local]")) {
    const at = new Date(time.dateTime);
    if (!isNaN(at)) time.textContent = at.toLocaleString(lang, { month: "long", day: "numeric", hour: "numeric", minute: "2-digit" });
  }

  // what is left of a wait
  const left = all("[data-until]");
  const tell = () => {
    for (const place of left) {
      const seconds = Math.max(0, Math.ceil((new Date(place.dataset.until) - Date.now()) / 1000));
      const [d, h, m, s] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60];
      place.textContent = seconds === 0
        ? (lang === "ja" ? "時間になりました。試してください" : "over: try it now")
        : lang === "ja"
          ? "あと" + (d ? d + "日" : "") + (d || h ? h + "時間" : "") + m + "分" + (d || h ? "" : s + "秒")
          : (d ? d + " d " : "") + (d || h ? h + " h " : "") + m + " min " + (d || h ? "" : s + " s ") + "left";
    }
  };
  if (left.length) { tell(); setInterval(tell, 1000); }

  // copying, where the browser lets us
  for (const button of all("button[data-copy]")) {
    if (!navigator.clipboard) continue;
    button.hidden = false;
    button.addEventListener("click", () => navigator.clipboard.writeText(button.dataset.copy).then(() => {
      button.textContent = button.dataset.copied;
      button.setAttribute("aria-live", "polite");
    }, () => {}));
  }

  // words that were typed survive a reload in this tab
  for (const form of all("form[data-keep]")) {
    for (const field of form.querySelectorAll("textarea")) {
      const key = form.dataset.keep + "." + field.name;
      try {
        if (!field.value) field.value = sessionStorage.getItem(key) || "";
        field.addEventListener("input", () => sessionStorage.setItem(key, field.value));
        form.addEventListener("submit", () => sessionStorage.removeItem(key));
      } catch { /* no storage: nothing is kept */ }
    }
  }

  // a second tap on a button that is on its way does nothing
  for (const form of all("form")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
      if (event.submitter) event.submitter.setAttribute("aria-busy", "true");
    });
  }
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    for (const form of all("form")) delete form.dataset.sent;
    for (const button of all("[aria-busy]")) button.removeAttribute("aria-busy");
  });
})();
