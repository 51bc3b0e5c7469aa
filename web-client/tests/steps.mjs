// The walk itself, by keyboard alone: what each step is answered with.

import { at, current, go, look, press, reach, settled, tab, told } from "./browser.mjs";

export const says = {
  en: {
    tag: "en", withdraw: "Withdraw this consent", copy: "Ask for a copy", erase: "Ask for erasure",
    toldWithdraw: "Withdrawn.", toldCopy: "Asked for. The copy", toldErase: "Asked for. The practice",
    saved: "Saved, encrypted", date: "02021990",
  },
  zh: {
    tag: "zh-Hans", withdraw: "撤回此项同意", copy: "索取副本", erase: "请求删除",
    toldWithdraw: "已撤回", toldCopy: "已索取", toldErase: "已请求",
    saved: "已加密保存", date: "02021990",
  },
};

/** From the first step to the one where a PIN is wanted. */
export async function toPin(page, how) {
  const tag = says[how.language].tag;
  await at(page, "language");
  told.address ??= page.url();
  const shown = { ...how, language: await page.evaluate(() => (document.documentElement.lang === "en" ? "en" : "zh")) };
  await look(page, "language", shown);
  await reach(page, (found) => found.tag === "BUTTON" && found.lang === tag, tag);
  await page.keyboard.press("Enter");
  await page.waitForSelector('[data-step="about"] button.main', { timeout: 120_000 });
  await look(page, "about", how);
  told.about = await page.locator("main").innerText();
  await go(page);
  await at(page, "pin");
}

export async function enterPin(page, { pin }) {
  await reach(page, (found) => found.id === "pin", "the PIN");
  await page.keyboard.type(pin);
  const next = await tab(page);
  if (next.id === "again") await page.keyboard.type(pin);
  if (!next.main) await go(page);
  else await page.keyboard.press("Enter");
}

export async function past(page, step) {
  await page.waitForFunction((was) => document.querySelector("[data-step]")?.dataset.step !== was, step, { timeout: 120_000 });
  await settled(page);
}

/** Answers whatever is asked between here and the main button: yes where that can be said, the last of other choices, words. */
export async function fill(page, { language, words }) {
  const done = new Set();
  const affirm = /^(Yes|是)/;
  for (let presses = 0; presses < 300; presses++) {
    const found = await tab(page);
    await settled(page);
    if (!found) continue;
    if (found.main) return;
    const key = found.name || found.id || found.aria;
    if (!["radio", "checkbox", "text", "textarea", "date"].includes(found.type) || !key || done.has(key)) continue;
    if (found.aria && /\d$/.test(found.aria)) continue;
    done.add(key);
    if (found.type === "checkbox" || (found.type === "radio" && affirm.test(found.label))) await page.keyboard.press("Space");
    else if (found.type === "radio") await page.keyboard.press("ArrowUp");
    else if (found.type === "date") await page.keyboard.type(says[language].date);
    else if (found.mode === "numeric" || found.mode === "decimal") await page.keyboard.type("7");
    else if (/^[\x20-\x7e]{1,100}$/.test(words)) await page.keyboard.type(words);
    else await page.keyboard.insertText(words);
    await settled(page);
    if (!told.urgentAfter && (await page.locator(".urgent").count())) told.urgentAfter = key;
  }
  throw new Error("the form has no end");
}

/** From the PIN's step to the review. `hurried` presses on before anything is answered, once. */
export async function toReview(page, how, { hurried = false, leave = null } = {}) {
  for (;;) {
    const step = await current(page);
    if (step === "review" || step === leave) return;
    if (hurried) {
      hurried = false;
      await go(page);
      await page.waitForSelector("#faults");
      told.faults = await page.evaluate(() => ({
        focused: document.activeElement?.id,
        role: document.getElementById("faults").getAttribute("role"),
        text: document.getElementById("faults").innerText,
        invalid: document.querySelectorAll('[aria-invalid="true"], fieldset .bad').length,
      }));
    }
    await fill(page, how);
    await look(page, step, how);
    // The picture was taken from the top; the keyboard is where it was.
    await page.keyboard.press("Enter");
    await past(page, step);
  }
}

export async function finish(page, how) {
  await at(page, "review");
  await look(page, "review", how);
  told.reviewed = await page.locator("main").innerText();
  await go(page);
  await at(page, "sign");
  await look(page, "sign", how);
  await go(page);
  await at(page, "receipt");
  await look(page, "receipt", how);
  told.receipt = await page.locator(".slip").innerText();
  told.receiptAddress = await page.locator("a.button").getAttribute("href");
}

/** Says one of the three things that can be said afterwards, and confirms it. */
export async function ask(page, { language }, what) {
  const name = says[language][what];
  await press(page, name);
  await page.waitForSelector("#sure");
  await go(page);
  const kind = what[0].toUpperCase() + what.slice(1);
  await page.getByText(says[language][`told${kind}`]).first().waitFor({ timeout: 120_000 });
}
