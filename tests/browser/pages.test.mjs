// Every page that can be reached, with and without JavaScript; what the keyboard, the printer and a thin line make of them.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { naosu, world } from "./naosu.mjs";
import { answerNo, artefacts, chromiumIn, examine, heading, iphone, look, pc, person, press } from "./person.mjs";

/** So many pages of one kind are opened, so that a guide of a thousand entries is not read whole. */
const EACH = 2;

for (const lang of ["ja", "en"]) {
  test(`every page is whole without and with JavaScript (${lang})`, async (t) => {
    const around = await world(t, "healthy");
    const server = await naosu(t, around);
    server.addHelper("Aoi", "a-long-password-7");
    const browser = await chromiumIn(t, around);
    const plain = await person(t, browser, server, { device: iphone, lang, script: false, story: `pages-${lang}` });
    const modern = await person(t, browser, server, { device: pc, lang, story: `pages-${lang}` });

    // cases in each state, and somebody at the desk
    const starts = ["/", "/desk"];
    for (const end of ["open", "stopped", "solved"]) {
      await plain.goto("/");
      await plain.fill("#words", "The password for the IMAP account is incorrect. Enter it again.");
      await plain.locator("form button[type=submit]").first().click();
      await plain.locator("form.answers").waitFor();
      const link = new URL(plain.url()).pathname;
      if (end === "stopped") await plain.goto(`${link}/stop`).then(() => plain.locator("main form button").click());
      for (let steps = 0; end === "solved" && await plain.locator("form.answers").count(); steps++) {
        assert.ok(steps < 40);
        if (await plain.locator("button[value=fixed]").count()) await plain.click("button[value=fixed]");
        else await answerNo(plain);
      }
      starts.push(link, `${link}/measure`, `${link}/progress`, `${link}/delete`);
    }
    await plain.goto("/desk");
    await plain.fill("#name", "Aoi");
    await plain.fill("#password", "a-long-password-7");
    await plain.locator("main form button").click();
    await plain.locator(".desk h1").waitFor();
    await modern.context().addCookies(await plain.context().cookies());

    const seen = new Map();
    const known = new Set();
    const rest = [...starts];
    while (rest.length) {
      const path = rest.shift();
      const kind = kindOf(path);
      if (known.has(path) || (seen.get(kind) ?? 0) >= EACH) continue;
      known.add(path);
      const answer = await plain.context().request.head(path);
      const type = answer.headers()["content-type"];
      assert.equal(answer.status(), 200, path);
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
      if (!type.startsWith("text/html")) continue;
      await plain.goto(path);
      await isWhole(plain, path);
      rest.push(...await links(plain));
      await modern.goto(path);
      await isWhole(modern, path);
      if (seen.get(kind) === 1) await examine(modern, `${kind} (${lang})`);
    }
    t.diagnostic(`${known.size} pages of ${seen.size} kinds`);
    for (const kind of ["/", "/messages", "/screenshot", "/go", "/c/*", "/c/*/measure", "/c/*/move", "/c/*/stop", "/c/*/package", "/desk", "/desk/case/*", "/desk/statistics"]) {
      assert.ok(seen.has(kind), `${kind} is not reached`);
    }
  });
}

const kindOf = (path) => path.split(/[?#]/)[0].replace(/^\/c\/[^/]+/, "/c/*").replace(/\/case\/\d+/, "/case/*").replace(/^(\/guide\/[^/]+)\/.+/, "$1/*");

/** Where the page leads without changing anything; the switch of languages does. */
async function links(page) {
  const all = await page.locator("a[href]").evaluateAll((all) => all.map((link) => link.href));
  const own = all.map((href) => new URL(href)).filter((url) => url.origin === new URL(page.url()).origin && !url.pathname.startsWith("/lang/"));
  return own.map((url) => url.pathname + url.search);
}

/** It says what it is about, and each form on it has somewhere to go, a button, and a name for each field. */
async function isWhole(page, path) {
  assert.equal(await page.locator("h1").count(), 1, path);
  assert.ok((await page.locator("main, body").first().innerText()).trim().length > 20, path);
  for (const form of await page.locator("form").all()) {
    assert.ok(await form.getAttribute("action"), `${path}: a form leads nowhere`);
    assert.ok(await form.locator("button:not([type=button])").count(), `${path}: a form cannot be sent`);
    for (const field of await form.locator("input:not([type=hidden]), textarea, select").all()) {
      assert.ok(await field.evaluate((one) => one.labels.length), `${path}: a field has no label`);
    }
  }
}

test("the first page fits through a thin line", async (t) => {
  const server = await naosu(t);
  const page = await person(t, await chromiumIn(t), server, { lang: "ja", story: "thin-line" });
  const network = await page.context().newCDPSession(page);
  let bytes = 0;
  let files = 0;
  network.on("Network.loadingFinished", ({ encodedDataLength }) => { bytes += encodedDataLength; files += 1; });
  await network.send("Network.enable");
  await page.goto("/", { waitUntil: "networkidle" });
  t.diagnostic(`${bytes} bytes in ${files} files`);
  assert.ok(files >= 3, "page, style and script are counted");
  assert.ok(bytes <= 60 * 1024, `${bytes} bytes`);
});

test("a story with the keyboard alone", async (t) => {
  const server = await naosu(t);
  const page = await person(t, await chromiumIn(t), server, { device: pc, lang: "en", story: "keyboard" });
  await page.goto("/");
  await page.keyboard.press("Tab");
  assert.equal(await focused(page), "To the content");
  await page.keyboard.press("Enter");
  await tabTo(page, "words");
  await page.keyboard.type("The password for the IMAP account is incorrect. Enter it again.");
  await tabTo(page, "Find the cause");
  await go(page, "Enter");
  let steps = 0;
  while (!await page.locator("button[value=fixed]").count()) {
    assert.ok(++steps < 20);
    await tabTo(page, (await page.locator("form.answers button").last().innerText()).trim());
    await go(page, "Space");
  }
  await look(page, "step");
  await tabTo(page, "It worked");
  await go(page, "Enter");
  assert.equal(await heading(page), "It works again");
});

async function go(page, key) {
  await Promise.all([page.waitForEvent("domcontentloaded"), page.keyboard.press(key)]);
}

const focused = (page) => page.evaluate(() => document.activeElement.id === "words" ? "words" : document.activeElement.innerText.trim());

/** Goes on with Tab; on the way each place is seen to be the place, and lies no higher than the one before it by more than a row. */
async function tabTo(page, wanted) {
  let before = -Infinity;
  for (let steps = 0; steps < 60; steps++) {
    await page.keyboard.press("Tab");
    const place = await page.evaluate(() => {
      const one = document.activeElement;
      const { outlineStyle, outlineWidth } = getComputedStyle(one);
      const { top, height } = one.getBoundingClientRect();
      return { ring: outlineStyle !== "none" && parseFloat(outlineWidth) >= 2, top: top + scrollY, height, name: one.outerHTML.slice(0, 80) };
    });
    assert.ok(place.ring, `it cannot be seen that this has the focus: ${place.name}`);
    assert.ok(place.top + place.height > before, `the order jumps back to ${place.name}`);
    before = place.top;
    if (await focused(page) === wanted) return;
  }
  assert.fail(`Tab does not come to ${wanted}`);
}

test("on paper there is what to do, and nothing to press", async (t) => {
  const server = await naosu(t);
  const page = await person(t, await chromiumIn(t), server, { device: pc, lang: "ja", story: "paper" });
  await page.goto("/");
  await page.fill("#words", "IMAPアカウントのパスワードが間違っています");
  await press(page, "原因を調べる");
  for (let steps = 0; !await page.locator("ol.steps").count(); steps++) {
    assert.ok(steps < 20);
    await answerNo(page);
  }
  await look(page, "screen");
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  for (const unwanted of ["button", ".button", "input", "textarea", "nav", ".skip"]) {
    assert.equal(await page.locator(`${unwanted}:visible`).count(), 0, `${unwanted} on paper`);
  }
  assert.ok(await page.locator("ol.steps > li").first().isVisible());
  assert.ok(await page.locator(".found blockquote").isVisible(), "what is folded on the screen is open on paper");
  const white = await page.locator("body").evaluate((body) => getComputedStyle(body).backgroundColor);
  assert.equal(white, "rgb(255, 255, 255)");
  const paper = await page.pdf({ format: "A4" });
  writeFileSync(`${artefacts}paper/step.pdf`, paper);
  const pages = paper.toString("latin1").match(/\/Type\s*\/Page\b/g).length;
  assert.ok(pages <= 3, `${pages} pages`);
});
