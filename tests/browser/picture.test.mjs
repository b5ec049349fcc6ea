// English, Android: a picture of the message is enough.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { naosu } from "./naosu.mjs";
import { android, answerNo, chromiumIn, heading, look, person, press } from "./person.mjs";

const reads = /^(eng|jpn)$[\s\S]*^(eng|jpn)$/m.test(spawnSync("tesseract", ["--list-langs"], { encoding: "utf8" }).stdout ?? "");

test("a screenshot is read, corrected and leads to what helps", { skip: !reads && "Tesseract with English and Japanese is not here" }, async (t) => {
  const server = await naosu(t);
  const browser = await chromiumIn(t);
  const page = await person(t, browser, server, { device: android, lang: "en", story: "picture" });

  await page.goto("/");
  await look(page, "start");
  await press(page, "With a picture");
  await look(page, "picture");
  await press(page, "Read the words");
  assert.match(await page.getByRole("alert").innerText(), /\w/);
  await look(page, "no-picture");
  await page.setInputFiles("#picture", { name: "screen.png", mimeType: "image/png", buffer: await drawn(browser) });
  await press(page, "Read the words");
  assert.equal(await heading(page), "Is this what it says?");
  const words = await page.inputValue("#words");
  assert.match(words, /username or password/i);
  await look(page, "read");
  await press(page, "Find the cause");

  let steps = 0;
  while (!await page.locator("button[value=fixed]").count()) {
    assert.ok(++steps < 20, "nothing to do comes");
    assert.match(await page.locator(".label").first().innerText(), /Question|Do this|Check/);
    if (steps === 1) await look(page, "question");
    await answerNo(page);
  }
  const repair = await heading(page);
  await look(page, "repair");
  assert.ok(await page.locator("ol.steps > li").count() > 0, "it says what to tap");
  await press(page, /^It worked$/);
  assert.equal(await heading(page), "It works again");
  assert.ok((await page.locator(".result").innerText()).includes(repair));
  await look(page, "solved");
});

/** An alert as a phone shows it. */
async function drawn(browser) {
  const page = await browser.newPage({ viewport: { width: 390, height: 500 }, deviceScaleFactor: 2 });
  await page.setContent(`<body style="margin:0;background:#888;font:17px sans-serif"><div style="background:#fff;border-radius:14px;margin:150px 40px;padding:20px;text-align:center">
    <b>Couldn't sign in</b><p>Username or password incorrect</p><span style="color:#07f">OK</span></div>`);
  const picture = await page.screenshot();
  await page.close();
  return picture;
}
