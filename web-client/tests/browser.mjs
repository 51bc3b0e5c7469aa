// A real Chromium as somebody has it on a telephone, and what is looked at on every step.

import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"];
/** The least width and height of what is to be touched, in CSS pixels (WCAG 2.2, 2.5.8). */
const TARGET = 24;

export const told = { steps: [], violations: [], console: [], third: [], progress: [], leaks: [] };

const options = {
  executablePath: process.env.TROTH_CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-quic", "--disable-gpu"],
  env: {
    ...process.env,
    ...(process.env.TROTH_CHROMIUM_LIBRARIES && { LD_LIBRARY_PATH: process.env.TROTH_CHROMIUM_LIBRARIES }),
    ...(process.env.TROTH_CHROMIUM_FONTS && { FONTCONFIG_FILE: process.env.TROTH_CHROMIUM_FONTS }),
  },
};

/** A browser of its own, with a profile that is there until `forget`: what it leaves on the disk can be looked at. */
export async function telephone({ language = "en", dark = false, sharp = false } = {}) {
  const profile = mkdtempSync(join(tmpdir(), "troth-telephone-"));
  const context = await chromium.launchPersistentContext(profile, {
    ...options,
    viewport: { width: 390, height: 844 },
    deviceScaleFactor: sharp ? 1.5 : 1,
    hasTouch: true,
    locale: language === "en" ? "en-GB" : "zh-CN",
    colorScheme: dark ? "dark" : "light",
  });
  return { context, profile, language, forget: () => rmSync(profile, { recursive: true, force: true }) };
}

/** Opens an address in a telephone's first tab. */
export async function visit(phone, address) {
  const page = phone.context.pages()[0] ?? (await phone.context.newPage());
  const origins = new Set([new URL(address).origin, ...(phone.origins ?? [])]);
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) told.console.push(message.text());
  });
  page.on("pageerror", (error) => told.console.push(String(error)));
  page.on("request", (request) => {
    if (!origins.has(new URL(request.url()).origin)) told.third.push(request.url());
  });
  await page.goto(address);
  return page;
}

/** What a relay that is away makes a browser say is not the page's complaint. */
export function forgiveNetwork() {
  told.console = told.console.filter((line) => !/net::ERR_|WebSocket connection to/.test(line));
}

// A machine that is busy otherwise takes its time to work out a key.
export const at = (page, step, timeout = 120_000) =>
  page.waitForSelector(`[data-step="${step}"]:not([aria-busy="true"])`, { timeout });

export const current = (page) => page.evaluate(() => document.querySelector("[data-step]")?.dataset.step);

export const settled = (page) => page.waitForSelector('[data-step]:not([aria-busy="true"])', { timeout: 120_000 });

/** Looks at a step as axe-core does, as a finger does, and for what must not be there; keeps a picture where one is wanted. */
export async function look(page, step, { shots, hidden = [], language = "en" } = {}) {
  await settled(page);
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze();
  for (const violation of violations) {
    told.violations.push(`${step}: ${violation.impact}: ${violation.id}: ${violation.nodes[0]?.html}`);
  }
  const seen = await page.evaluate((least) => {
    const small = [...document.querySelectorAll("button, a, input, textarea")].filter((element) => {
      const box = (element.closest("label") ?? element).getBoundingClientRect();
      return box.width < least || box.height < least;
    });
    // What turns the direction of reading is kept to itself.
    const loose = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const isolated = /isolate|plaintext/.test(getComputedStyle(node.parentElement).unicodeBidi);
      if (/[\u202a-\u202e\u2066-\u2069]/.test(node.data) && !isolated) loose.push(node.parentElement.outerHTML.slice(0, 200));
    }
    return {
      loose,
      small: small.map((element) => element.outerHTML),
      lang: document.documentElement.lang,
      progress: document.querySelector(".progress")?.textContent ?? null,
      wide: document.documentElement.scrollWidth > innerWidth,
      heading: document.querySelectorAll("h1").length,
      all: document.documentElement.outerHTML + [...document.querySelectorAll("input, textarea")].map((field) => field.value).join(" "),
    };
  }, TARGET);
  for (const html of seen.small) told.violations.push(`${step}: smaller than ${TARGET} px: ${html}`);
  if (seen.lang !== (language === "en" ? "en" : "zh-Hans")) told.violations.push(`${step}: lang is ${seen.lang}`);
  if (seen.wide) told.violations.push(`${step}: wider than the telephone`);
  if (seen.heading !== 1) told.violations.push(`${step}: ${seen.heading} main headings`);
  for (const secret of hidden) if (seen.all.includes(secret)) told.leaks.push(`${step} shows ${secret}`);
  if (seen.progress) told.progress.push(seen.progress);
  if (seen.loose.length) told.violations.push(`${step}: not isolated: ${seen.loose.join()}`);
  if (shots) await page.evaluate(() => scrollTo(0, 0));
  if (shots) await page.screenshot({ path: `${shots}/${language}-${String(told.steps.length + 1).padStart(2, "0")}-${step}.png` });
  told.steps.push(step);
}

/** Where the keyboard is: what can be acted on, and whether it can be seen. */
const focus = () => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const seen = element.closest("label") ?? element;
  const box = seen.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, Math.max(box.top, 0) + Math.min(box.height, innerHeight) / 2];
  const top = document.elementFromPoint(Math.min(Math.max(x, 0), innerWidth - 1), Math.min(Math.max(y, 0), innerHeight - 1));
  const outline = getComputedStyle(seen).outlineStyle !== "none" || getComputedStyle(element).outlineStyle !== "none";
  return {
    tag: element.tagName,
    type: element.type ?? null,
    name: element.name ?? "",
    id: element.id,
    text: element.textContent,
    label: element.closest("label")?.textContent.trim() ?? "",
    main: element.classList.contains("main"),
    lang: element.lang,
    mode: element.inputMode ?? "",
    aria: element.getAttribute("aria-label"),
    shown: box.bottom > 0 && box.top < innerHeight && !!top && (seen.contains(top) || top.contains(seen)),
    outline,
  };
};

/** The next thing that the tabulator key reaches. */
export async function tab(page) {
  await page.keyboard.press("Tab");
  const found = await page.evaluate(focus);
  if (found && !found.shown) told.violations.push(`focus is hidden: ${JSON.stringify(found)}`);
  if (found && !found.outline) told.violations.push(`focus cannot be seen: ${JSON.stringify(found)}`);
  return found;
}

/** Moves by the tabulator key alone until what it reaches fits. */
export async function reach(page, fits, what) {
  for (let presses = 0; presses < 200; presses++) {
    const found = await tab(page);
    if (found && fits(found)) return found;
  }
  throw new Error(`no way by keyboard to ${what}`);
}

export async function press(page, name) {
  await reach(page, (found) => found.tag === "BUTTON" && found.text.trim() === name, name);
  await page.keyboard.press("Enter");
}

/** The one thing that a step is for. */
export async function go(page) {
  await reach(page, (found) => found.main, "the main button");
  await page.keyboard.press("Enter");
}

/** The files of a profile in which one of the words stands, in either of the encodings that a browser writes. */
export function leftBehind(profile, words) {
  const found = [];
  const files = (dir) => readdirSync(dir).flatMap((name) => {
    const path = join(dir, name);
    try {
      const stat = statSync(path);
      return stat.isDirectory() ? files(path) : stat.isFile() ? [path] : [];
    } catch {
      return [];
    }
  });
  for (const file of files(profile)) {
    const bytes = readFileSync(file);
    for (const word of words) {
      if (bytes.includes(word, 0, "utf8") || bytes.includes(word, 0, "utf16le")) found.push(`${word} in ${file.slice(profile.length)}`);
    }
  }
  return found;
}
