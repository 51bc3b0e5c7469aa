// Walks through the page in a real Chromium, as a client on a telephone would, and says what it saw as JSON on standard output.
// The story that runs it (`cli-client/tests/stories/page.rs`) says what to do in the environment.

import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const { scenario, link, pin = "194823", language = "en", words = "x", shots } = JSON.parse(process.env.TROTH_WALK);
const says = {
  en: { begin: "Begin", next: "Next", send: "Sign and send", yes: "Yes", receipt: "Sent, and kept", saved: "Saved" },
  zh: { begin: "开始", next: "下一步", send: "签署并发送", yes: "是", receipt: "已发送并保存", saved: "已保存" },
}[language];

const browser = await chromium.launch({
  executablePath: process.env.TROTH_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
  env: process.env.TROTH_CHROMIUM_LIBRARIES
    ? { ...process.env, LD_LIBRARY_PATH: process.env.TROTH_CHROMIUM_LIBRARIES }
    : process.env,
});
const told = { steps: [], violations: [], console: [] };

async function visit() {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    locale: language === "en" ? "en-GB" : "zh-CN",
  });
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) told.console.push(message.text());
  });
  page.on("pageerror", (error) => told.console.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith(new URL(link).origin)) told.console.push(`third party: ${request.url()}`);
  });
  await page.goto(link);
  return page;
}

async function look(page, step) {
  const { violations } = await new AxeBuilder({ page }).withTags(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]).analyze();
  for (const violation of violations) told.violations.push(`${step}: ${violation.id}: ${violation.nodes[0]?.html}`);
  if (shots) await page.screenshot({ path: `${shots}/${language}-${step}.png`, fullPage: true });
  told.steps.push(step);
}

const heading = (page) => page.locator("h1").innerText();

/** Moves by the tabulator key until what it reaches fits, as somebody without a mouse does. */
async function tabTo(page, fits) {
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press("Tab");
    if (await page.evaluate(fits)) return;
  }
  throw new Error(`no way by keyboard to ${fits}`);
}

async function press(page, name) {
  await page.getByRole("button", { name, exact: true }).focus();
  await page.keyboard.press("Enter");
}

async function choosePin(page) {
  await page.locator("#pin").waitFor();
  await look(page, "pin");
  await page.locator("#pin").fill(pin);
  if (await page.locator("#again").count()) await page.locator("#again").fill(pin);
  await page.keyboard.press("Enter");
  await page.locator("#pin").waitFor({ state: "detached", timeout: 60_000 });
}

async function answer(page) {
  const sets = page.locator("fieldset");
  for (let at = 0; at < (await sets.count()); at++) {
    const options = sets.nth(at).locator("input[type=radio]");
    // The first of what is asked of consents (yes); the last of every other choice.
    const yes = sets.nth(at).getByLabel(says.yes, { exact: true });
    const wanted = (await yes.count()) ? yes : options.last();
    await wanted.focus();
    await page.keyboard.press("Space");
  }
  const lines = page.locator(".question input[type=text], .question textarea");
  for (let at = 0; at < (await lines.count()); at++) {
    await lines.nth(at).fill(words);
    await page.keyboard.press("Tab");
  }
}

async function through(page) {
  await page.getByRole("button", { name: says.begin }).waitFor();
  told.address = page.url();
  await look(page, "intro");
  await tabTo(page, `document.activeElement.textContent === ${JSON.stringify(says.begin)}`);
  await page.keyboard.press("Enter");
  await choosePin(page);
  for (let part = 1; part <= 3; part++) {
    await page.getByRole("button", { name: says.next }).or(page.getByRole("button", { name: says.send })).first().waitFor();
    if (await page.getByRole("button", { name: says.send }).count()) break;
    await answer(page);
    await look(page, `form-${part}`);
    const before = await heading(page);
    await press(page, says.next);
    await page.waitForFunction((was) => document.querySelector("h1")?.innerText !== was, before, { timeout: 10_000 });
  }
}

async function finish(page) {
  await page.getByRole("button", { name: says.send }).waitFor();
  await look(page, "review");
  await press(page, says.send);
  await page.getByText(says.receipt).waitFor({ timeout: 60_000 });
  await look(page, "receipt");
  told.receipt = await page.locator("dl").innerText();
}

const scenarios = {
  async walk() {
    const page = await visit();
    await through(page);
    await finish(page);
    told.kept = await page.evaluate(async () => ({
      local: localStorage.length,
      session: sessionStorage.length,
      cookies: document.cookie,
      databases: (await indexedDB.databases()).length,
      caches: (await caches.keys()).length,
    }));
  },
  // Begun on one telephone, gone on with on another.
  async resume() {
    const first = await visit();
    await through(first);
    await first.getByText(says.saved, { exact: true }).waitFor({ timeout: 20_000 }).catch(() => {});
    await first.waitForTimeout(2500);
    await first.context().close();
    const second = await visit();
    await choosePin(second);
    told.resumed = await second.locator("main").innerText();
    for (let part = 1; part <= 2; part++) {
      if (await second.getByRole("button", { name: says.send }).count()) break;
      const before = await heading(second);
      await press(second, says.next);
      await second.waitForFunction((was) => document.querySelector("h1")?.innerText !== was, before);
    }
    await finish(second);
  },
  // What was sent, seen again with the PIN.
  async again() {
    const page = await visit();
    await choosePin(page);
    await page.locator("h1").waitFor();
    await look(page, "afterwards");
    told.text = await page.locator("main").innerText();
  },
  // A link that does not work: what the page says.
  async trouble() {
    const page = await visit();
    await page.locator('[role="alert"]').waitFor({ timeout: 30_000 });
    await look(page, "trouble");
    told.text = await page.locator("main").innerText();
  },
};

try {
  await scenarios[scenario]();
} catch (error) {
  told.failed = String(error?.stack ?? error);
} finally {
  await browser.close();
}
console.log(JSON.stringify(told));
