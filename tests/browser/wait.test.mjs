// Japanese, desktop: a message is chosen from the list, and what is right is to wait.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { naosu } from "./naosu.mjs";
import { answerNo, chromiumIn, heading, look, pc, person, press } from "./person.mjs";

test("a message of the list leads through questions to a wait, in both languages", async (t) => {
  const server = await naosu(t);
  const page = await person(t, await chromiumIn(t), server, { device: pc, lang: "ja", story: "wait" });

  await page.clock.install();
  await page.goto("/");
  await look(page, "start");
  await press(page, "一覧から");
  await look(page, "messages");
  await press(page, "アクティベーション中にエラーが起きました");
  let steps = 0;
  while (!await page.locator(".wait").count()) {
    assert.ok(++steps < 40, "no wait comes");
    if (steps === 1) await look(page, "question");
    await answerNo(page);
  }
  const waiting = await heading(page);
  assert.match(await page.locator(".left").innerText(), /^あと.*(時間|分)/);
  await look(page, "wait");

  const [file] = await Promise.all([page.waitForEvent("download"), page.getByText("カレンダーに入れる").click()]);
  assert.match(readFileSync(await file.path(), "utf8"), /BEGIN:VEVENT[\s\S]*DTSTART/);

  // the language is changed in the middle, and the case is the same
  await press(page, "English");
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  assert.notEqual(await heading(page), waiting);
  assert.match(await page.locator(".left").innerText(), /left$/);
  assert.equal(await page.locator("blockquote").textContent().then((words) => words.includes("アクティベーション")), true);
  await look(page, "wait-in-english");
  await press(page, "日本語");
  assert.equal(await heading(page), waiting);

  // the page tells by itself when it is over
  await page.clock.fastForward(100 * 24 * 3600 * 1000);
  assert.match(await page.locator(".left").innerText(), /時間になりました/);
  await press(page, /^直った$/);
  assert.equal(await heading(page), "直りました");
  await look(page, "solved");
});
