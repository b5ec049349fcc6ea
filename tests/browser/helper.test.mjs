// English: a case goes from the phone to the PC by a code, and a helper takes it over and hands it back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { naosu } from "./naosu.mjs";
import { answerNo, chromiumIn, heading, iphone, look, pc, person, press } from "./person.mjs";

test("a case moves to the PC, and a helper goes on with it live", async (t) => {
  const server = await naosu(t);
  server.addHelper("Aoi", "a-long-password-7");
  const browser = await chromiumIn(t);
  const phone = await person(t, browser, server, { device: iphone, lang: "en", story: "helper-phone" });
  const desktop = await person(t, browser, server, { device: pc, lang: "en", story: "helper-pc" });
  const desk = await person(t, browser, server, { device: pc, lang: "en", story: "helper-desk" });

  await phone.goto("/");
  await phone.fill("#words", "Messages says iMessage was signed out");
  await press(phone, "Find the cause");
  const first = await heading(phone);
  await look(phone, "card");
  await press(phone, "on another device");
  await look(phone, "move");
  await press(phone, "Show a code");
  const code = (await phone.locator(".code").innerText()).trim();
  await look(phone, "code");
  await press(phone, "Back to the case");

  await desktop.goto("/");
  await press(desktop, "I have a code");
  await desktop.fill("#code", "ACDE-FGHJ");
  await press(desktop, "Open the case");
  assert.match(await desktop.getByRole("alert").innerText(), /\w/);
  await look(desktop, "wrong-code");
  await desktop.fill("#code", code.toLowerCase());
  await press(desktop, "Open the case");
  assert.equal(await heading(desktop), first);
  await look(desktop, "card");

  await desk.goto("/desk");
  assert.equal(await heading(desk), "For helpers: sign in");
  await look(desk, "sign-in");
  await signIn(desk, "a-wrong-password-7");
  assert.match(await desk.getByRole("alert").innerText(), /wrong/);
  await look(desk, "wrong-password");
  await signIn(desk, "a-long-password-7");
  assert.equal(await heading(desk), "Cases");
  await look(desk, "cases");
  await press(desk, /^1$/);
  assert.match(await desk.locator("blockquote").innerText(), /iMessage was signed out/);
  await press(desk, "Take it over");
  await look(desk, "case");

  // the person sees it, and from then on the page follows the helper by itself
  await phone.reload();
  await phone.getByText("A helper is with you").waitFor();
  await look(phone, "with-helper");
  assert.ok((await desk.locator(".now").innerText()).includes(first));
  await answerNo(desk, ".now");
  const second = await desk.locator(".now h3").innerText();
  assert.notEqual(second, first);
  await phone.getByRole("heading", { level: 1, name: second }).waitFor();
  await desk.fill("#text", "Called back; goes on alone.");
  await press(desk, "Keep the note");
  assert.match(await desk.locator(".note").innerText(), /aoi[\s\S]*goes on alone/);
  await press(desk, "Hand it back");
  await phone.getByText("A helper is with you").waitFor({ state: "hidden" });
  assert.equal(await heading(phone), second);
  assert.ok(!await phone.content().then((html) => html.includes("Called back")), "notes are the desk's");

  // the PC answers what the phone sees next
  await desktop.reload();
  assert.equal(await heading(desktop), second);
  await answerNo(desktop);
  const third = await heading(desktop);
  await phone.reload();
  assert.equal(await heading(phone), third);
  await press(phone, /^Stop$/);
  await look(phone, "stop");
  await press(phone, /^Stop$/);
  assert.equal(await heading(phone), "Stopped");
  await look(phone, "stopped");

  for (const [part, title] of [["Statistics", "The last 26 weeks"], ["Helpers", "Helpers"]]) {
    await press(desk, part);
    assert.equal(await heading(desk), title);
    await look(desk, part.toLowerCase());
  }
  await press(desk, "Sign out");
  await desk.goto("/desk");
  assert.equal(await heading(desk), "For helpers: sign in");
});

async function signIn(page, password) {
  await page.fill("#name", "Aoi");
  await page.fill("#password", password);
  await press(page, /^Sign in$/);
}
