// Somebody with a browser: opens pages, is watched over for faults, and looks at each kind of page thoroughly once.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium, devices } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** Where pictures and papers are kept for who wants to look at them. */
export const artefacts = new URL("artefacts/", import.meta.url).pathname;
const without = (name) => { const { defaultBrowserType, ...device } = devices[name]; return device; };

/** The devices. */
export const iphone = without("iPhone 15");
export const android = without("Pixel 7");
export const pc = { ...without("Desktop Chrome"), viewport: { width: 1280, height: 900 } };

/** Debian's Chromium, which knows the names of the world. */
export async function chromiumIn(t, around) {
  const rules = Object.entries(around?.names ?? {}).map(([name, address]) => `MAP ${name} ${address}`);
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // the sandbox is not for root
    args: [...(process.getuid() === 0 ? ["--no-sandbox"] : []), "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
      "--disable-sync", "--hide-scrollbars", `--host-resolver-rules=${[...rules, "MAP * ~NOTFOUND", "EXCLUDE 127.0.0.1"].join(", ")}`],
  });
  t.after(() => browser.close());
  return browser;
}

/** A person's browser with nothing in it. What goes wrong unseen (errors, refused resources, requests to others) fails the test at its end. */
export async function person(t, browser, server, { device = iphone, lang = "ja", script = true, story }) {
  const locale = lang === "ja" ? "ja-JP" : "en-GB";
  const context = await browser.newContext({ ...device, locale, timezoneId: "Asia/Tokyo", javaScriptEnabled: script, baseURL: server.url, reducedMotion: "reduce" });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const faults = [];
  // an answer is judged below, where it is known what was asked for
  page.on("console", (message) => { if (message.type() === "error" && !message.text().startsWith("Failed to load resource")) faults.push(`console: ${message.text()}`); });
  page.on("pageerror", (error) => faults.push(`script: ${error}`));
  const own = [new URL(server.url).origin, server.around?.outside?.origin, "null"];
  context.on("request", (request) => { if (!own.includes(new URL(request.url()).origin)) faults.push(`asks ${request.url()}`); });
  context.on("response", (answer) => {
    // a page may say that something was mistyped, nothing else may be missing
    const most = answer.request().resourceType() === "document" ? 500 : 400;
    if (answer.status() >= most) faults.push(`${answer.status()} from ${answer.url()}`);
  });
  page.story = story;
  page.script = script;
  page.pictures = 0;
  t.after(async () => {
    await context.close();
    assert.deepEqual(faults, [], `${story}: nothing goes wrong unseen`);
  });
  return page;
}

const seen = new Set();

/** A picture of the page as it is now; the first time that a story comes to this kind of page it is also examined. */
export async function look(page, kind) {
  const number = String(++page.pictures).padStart(2, "0");
  if (number === "01") rmSync(`${artefacts}${page.story}`, { recursive: true, force: true });
  mkdirSync(`${artefacts}${page.story}`, { recursive: true });
  const picture = `${artefacts}${page.story}/${number}-${kind}`;
  await page.screenshot({ path: `${picture}.png`, fullPage: true });
  const once = `${page.story}/${kind}`;
  if (seen.has(once)) return;
  seen.add(once);
  await examine(page, `${page.story}, ${kind} (${new URL(page.url()).pathname})`, picture);
}

/** No serious fault for who reads by other means, in light and dark, small and large; nothing wider than the smallest phone; buttons for thumbs. */
export async function examine(page, where, picture) {
  const own = page.viewportSize();
  const all = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
  for (const [viewport, colorScheme, tags] of [
    [iphone.viewport, "light", all], [pc.viewport, "dark", all], [pc.viewport, "light", []], [iphone.viewport, "dark", []],
  ]) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    // the rules are a script: a person without scripts sees what the others see
    const faults = page.script ? await serious(page, tags) : [];
    assert.deepEqual(faults, [], `${where}: ${colorScheme}, ${viewport.width} px`);
  }
  if (picture) await page.screenshot({ path: `${picture}.dark.png`, fullPage: true });
  await page.setViewportSize({ width: 320, height: 568 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 320, `${where}: ${wide} px wide on a screen of 320 px`);
  const small = await page.locator("button:visible, .button:visible, a.way:visible, input:not([type=checkbox]):visible, select:visible, summary:visible, nav a:visible").evaluateAll((all) => all
    .map((one) => [one.textContent.trim() || one.name, Math.round(one.getBoundingClientRect().height)]).filter(([, height]) => height < 44));
  assert.deepEqual(small, [], `${where}: too low for a thumb`);
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize(own);
}

/** Which rules of axe are broken seriously; with no tags only the contrast of colours is judged. */
async function serious(page, tags) {
  if (!await page.evaluate(() => "axe" in window)) await page.evaluate(axe);
  const found = await page.evaluate((only) => window.axe.run(document, { runOnly: only }),
    tags.length ? { type: "tag", values: tags } : { type: "rule", values: ["color-contrast"] });
  // words in the very colour of their ground are no contrast at all, yet axe only asks to look at them
  const unseen = found.incomplete.map((rule) => ({ ...rule, nodes: rule.nodes.filter((node) => node.any.some((one) => one.data?.messageKey === "equalRatio")) }));
  return [...found.violations.filter(({ impact }) => ["serious", "critical"].includes(impact)), ...unseen.filter(({ nodes }) => nodes.length)]
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.any.map((one) => one.message).join("; ")}`).join(" | ")}`);
}

/** The heading of the page. */
export const heading = (page) => page.locator("h1").innerText();

/** Presses what is named so; waits until the page that follows is there. */
export async function press(page, name) {
  const button = page.locator("main, header").locator("button:visible, a:visible").filter({ hasText: name }).first();
  await Promise.all([page.waitForEvent("domcontentloaded"), button.click()]);
  await page.waitForLoadState("load");
}

/** Answers that this did not help, or that it is not known; as somebody whom nothing helps. */
export async function answerNo(page, within = "main") {
  const answers = page.locator(within).locator("form.answers button");
  const no = answers.and(page.locator("[value=could_not], [value=not_fixed], [value=unknown]"));
  await Promise.all([page.waitForEvent("domcontentloaded"), ((await no.count()) ? no.first() : answers.last()).click()]);
  await page.waitForLoadState("load");
}
