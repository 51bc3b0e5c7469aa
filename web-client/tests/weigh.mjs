// What the page weighs on the wire, and when it can be used on a slow line: measured in Chromium, with DevTools' own throttling.
// `cargo xtask bench --only page` runs it. Says what it measured as JSON.

import { telephone } from "./browser.mjs";

const { link, runs = 3, net } = JSON.parse(process.env.TROTH_WEIGH);

/** Loads the page with an empty cache, as somebody who opens the link for the first time. */
async function once() {
  const phone = await telephone();
  const { context } = phone;
  const page = context.pages()[0];
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: net.latency,
    downloadThroughput: (net.down * 1000) / 8,
    uploadThroughput: (net.up * 1000) / 8,
  });
  const start = performance.now();
  const since = () => Math.round(performance.now() - start);
  const loaded = page.goto(link, { waitUntil: "commit" });
  await page.waitForSelector('[data-step="language"] button.main');
  const usable = since();
  // Acted upon, by the keyboard: the next step answers.
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector('[data-step="about"]');
  const acted = since();
  await page.waitForSelector('[data-step="about"] button.main');
  const asked = since();
  await loaded;
  const { paint, bytes } = await page.evaluate(() => ({
    paint: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
    // The worker's own script among them.
    bytes: [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")].reduce(
      (sum, entry) => sum + entry.transferSize,
      0,
    ),
  }));
  await context.close();
  phone.forget();
  return { usable, acted, asked, bytes, paint: Math.round(paint) };
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
const all = [];
for (let run = 0; run < runs; run++) all.push(await once());
const told = Object.fromEntries(Object.keys(all[0]).map((name) => [name, median(all.map((one) => one[name]))]));
process.stdout.write(`${JSON.stringify(told)}\n`, () => process.exit(0));
