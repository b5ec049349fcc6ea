// Japanese, iPhone: from the words on the screen over a live measurement to the cause, its proof, and a good end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { naosu, world } from "./naosu.mjs";
import { chromiumIn, heading, look, person, press } from "./person.mjs";

test("メールを取得できません: an expired certificate is found, proven and reported", async (t) => {
  const around = await world(t, "cert_expired");
  const server = await naosu(t, around);
  const page = await person(t, await chromiumIn(t, around), server, { lang: "ja", story: "certificate" });

  await page.goto("/");
  assert.equal(await page.locator("html").getAttribute("lang"), "ja");
  await look(page, "start");
  // what was typed survives a reload
  await page.fill("#words", "メールを取得できません");
  await page.reload();
  assert.equal(await page.inputValue("#words"), "メールを取得できません");
  await page.fill("#address", around.form.address);
  await press(page, "原因を調べる");

  assert.equal(await heading(page), "アカウントを調べる");
  await page.getByText("時計は合っています").waitFor();
  assert.match(await page.locator("#browser").innerText(), /iOS[\s\S]*Asia\/Tokyo[\s\S]*インターネットに届きます/);
  await look(page, "measure");
  await page.getByText("サーバ名が分かる場合").click();
  await page.fill("#incoming", around.form.incoming);
  await page.fill("#outgoing", around.form.outgoing);
  await page.fill("#password", around.form.password);
  await press(page, /^調べる$/);
  // comes by itself when the measurement is over
  await page.getByRole("heading", { name: "調べ終わりました" }).waitFor();
  assert.match(await page.locator("#seen").innerText(), /✗\s*受信 IMAP imap\.example\.jp:\d+の証明書が.*期限切れ/);
  await look(page, "measured");

  await press(page, "結果と次の手順を見る");
  const found = page.locator(".clear");
  assert.match(await found.innerText(), /サーバ証明書の期限切れ[\s\S]*imap\.example\.jp:\d+の証明書が.*期限切れ[\s\S]*パスワードの/);
  const todo = await heading(page);
  assert.equal(todo, "提供元に知らせる");
  await look(page, "cause");
  await page.getByText("そう考える理由").click();
  assert.match(await page.locator(".found").innerText(), /メールを取得できません/);
  await look(page, "why");

  // nothing is lost when the page is loaded again, or when the server dies
  await page.reload();
  assert.equal(await heading(page), todo);
  await server.restart();
  await page.reload();
  assert.equal(await heading(page), todo);
  assert.match(await found.innerText(), /期限切れ/);

  await press(page, "送るための報告を開く");
  const report = await page.locator("body").innerText();
  assert.match(report, /期限切れ/);
  assert.ok(!report.includes(around.form.address), "the address is masked");
  await look(page, "report");
  await page.goBack();

  await press(page, /^直った$/);
  assert.equal(await heading(page), "直ったかどうかを測ります");
  await look(page, "verify");
  await press(page, "使えるのを確かめた");
  assert.equal(await heading(page), "直りました");
  assert.match(await page.locator(".result").innerText(), /サーバ証明書の期限切れ[\s\S]*提供元に知らせる/);
  assert.match(await page.locator(".care").innerText(), /月|週|年|日/);
  await look(page, "solved");
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByText("カレンダーに入れる").click()]);
  const calendar = await file.createReadStream().then(text);
  assert.match(calendar, /BEGIN:VCALENDAR[\s\S]*RRULE:[\s\S]*END:VCALENDAR/);
});

async function text(stream) {
  let all = "";
  for await (const part of stream.setEncoding("utf8")) all += part;
  return all;
}
