// Japanese, iPhone, no JavaScript at all: asked, measured and, as nothing helps, sent to the support with a package.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { naosu, world } from "./naosu.mjs";
import { answerNo, chromiumIn, heading, look, person, press } from "./person.mjs";

test("without JavaScript: questions, a measurement, and the package for support", async (t) => {
  const around = await world(t, "outage_refused");
  const server = await naosu(t, around);
  const page = await person(t, await chromiumIn(t, around), server, { lang: "ja", script: false, story: "without-script" });

  await page.goto("/");
  await press(page, "原因を調べる");
  assert.match(await page.locator("#empty").innerText(), /ひとこと/);
  await look(page, "nothing-written");
  await press(page, "分からない");
  await look(page, "question");
  await page.goto(new URL(page.url()).pathname + "/measure");
  await page.fill("#address", "hanako");
  await page.getByRole("button", { name: "調べる" }).click();
  assert.equal(await page.locator("#address:invalid").count(), 1, "the browser itself says that this is no address");
  await page.fill("#address", around.form.address);
  const servers = page.getByText("サーバ名が分かる場合");
  await servers.click();
  await page.fill("#incoming", "http://imap.example.jp/");
  await press(page, /^調べる$/);
  assert.match(await page.getByRole("alert").innerText(), /サーバ名だけ/);
  assert.equal(await page.inputValue("#address"), around.form.address, "what was typed is still there");
  await look(page, "no-server");
  await page.fill("#incoming", around.form.incoming);
  await page.fill("#outgoing", around.form.outgoing);
  await press(page, /^調べる$/);
  // the page loads itself again until it is over
  await page.getByRole("heading", { name: "調べ終わりました" }).waitFor();
  assert.match(await page.locator("#seen").innerText(), /✗/);
  await look(page, "measured");
  await press(page, "結果と次の手順を見る");
  await look(page, "cause");

  let steps = 0;
  while (await page.locator("form.answers").count()) {
    assert.ok(++steps < 80, "there is no end");
    await answerNo(page);
  }
  assert.equal(await heading(page), "まだ直っていません");
  await look(page, "unsolved");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByText("同じ内容のファイル").click()]);
  assert.match(file.suggestedFilename(), /^naosu-case-\d+\.zip$/);
  const zip = readFileSync(await file.path());
  const names = entries(zip);
  assert.ok(names.some((name) => name.endsWith(".html")) && names.some((name) => name.endsWith(".json")), names.join());
  await press(page, /^サポートに渡すまとめ$/);
  assert.ok(!(await page.content()).includes(around.form.address), "the address is masked");
  await look(page, "package");
});

/** The names in a ZIP's central directory (APPNOTE 4.3.12). */
function entries(zip) {
  const names = [];
  let at = zip.readUInt32LE(zip.lastIndexOf(Buffer.from("PK\x05\x06", "latin1")) + 16);
  while (zip.readUInt32LE(at) === 0x02014b50) {
    const [name, extra, comment] = [28, 30, 32].map((place) => zip.readUInt16LE(at + place));
    names.push(zip.toString("utf8", at + 46, at + 46 + name));
    at += 46 + name + extra + comment;
  }
  return names;
}
