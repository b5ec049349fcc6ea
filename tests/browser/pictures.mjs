// The pictures of the READMEs, from the real pages: node pictures.mjs, by `tests/browser/run --pictures`.
import { writeFileSync } from "node:fs";
import { naosu, world } from "./naosu.mjs";
import { answerNo, chromiumIn, iphone, pc, person } from "./person.mjs";

const docs = new URL("../../docs/", import.meta.url).pathname;
const words = {
  en: { typed: "Cannot Get Mail. The connection to the server failed.", password: "The password for the IMAP account is incorrect. Enter it again." },
  ja: { typed: "メールを取得できません サーバへの接続に失敗しました", password: "メールを取得できません。“自宅”用のユーザ名またはパスワードが間違っています" },
};
const ends = [];
const t = { after: (end) => ends.unshift(end) };

try {
  const around = await world(t, "cert_expired");
  const server = await naosu(t, around);
  const browser = await chromiumIn(t, around);
  for (const lang of ["en", "ja"]) {
    const phone = await person(t, browser, server, { device: { ...iphone, viewport: { width: 393, height: 800 }, deviceScaleFactor: 2 }, lang, story: "pictures" });
    await phone.goto("/");
    await phone.fill("#words", words[lang].typed);
    await phone.fill("#address", around.form.address);
    await phone.locator("#address").blur();
    await keep(phone, `page.${lang}.start.webp`);
    await phone.locator("form button[type=submit]").first().click();
    await phone.locator("details summary").click();
    await phone.fill("#incoming", around.form.incoming);
    await phone.fill("#outgoing", around.form.outgoing);
    await phone.locator("form[action$='/measure'] button").click();
    await phone.locator("main > a.button").click();
    await phone.locator(".clear").waitFor();
    await keep(phone, `page.${lang}.found.webp`);

    const desktop = await person(t, browser, server, { device: { ...pc, viewport: { width: 900, height: 860 } }, lang, story: "pictures" });
    await desktop.goto("/");
    await desktop.fill("#words", words[lang].password);
    await desktop.locator("form button[type=submit]").first().click();
    while (!await desktop.locator("svg.drawing").count()) await answerNo(desktop);
    await keep(desktop, `page.${lang}.step.webp`);
  }
} finally {
  for (const end of ends) await end();
}

/** What the screen shows, as WebP. The world's ports are drawn by lot: the usual ones are shown, so that the picture stays the same. */
async function keep(page, name) {
  await page.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      const text = texts.currentNode;
      text.data = text.data.replace(/(imap\.example\.jp):\d+/g, "$1:993").replace(/(smtp\.example\.jp):\d+/g, "$1:587");
    }
  });
  const devtools = await page.context().newCDPSession(page);
  const { data } = await devtools.send("Page.captureScreenshot", { format: "webp", quality: 80 });
  writeFileSync(docs + name, Buffer.from(data, "base64"));
  console.log(`docs/${name}`);
}
