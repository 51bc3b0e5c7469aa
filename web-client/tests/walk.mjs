// Walks through the page in a real Chromium, as a client on a telephone would, and says what it saw as JSON on standard output.
// The stories that run it (`cli-client/tests/stories/page.rs`) say in the environment what to do.

import { createHash } from "node:crypto";
import { at, forgiveNetwork, leftBehind, look, telephone, told, visit } from "./browser.mjs";
import { ask, enterPin, finish, says, toPin, toReview } from "./steps.mjs";
import { messages, wire } from "./wire.mjs";

const how = { pin: "194823", language: "en", words: "x", ...JSON.parse(process.env.TROTH_WALK) };
const { scenario, link, hidden = [] } = how;
/** What must not be legible on the way, nor stay behind; what is `hidden` must not be shown either. */
const secrets = [...hidden, ...(how.secrets ?? [])];
const ended = [];
const phones = [];

const phone = async () => {
  const phone = await telephone({ language: how.language, dark: how.dark, sharp: !!how.shots });
  phones.push(phone);
  ended.push(async () => {
    await phone.context.close();
    phone.forget();
  });
  return phone;
};

/** A line to the relay, and the link that goes through it. */
async function through(address = link) {
  const line = await wire(new URL(address).origin);
  ended.push(() => line.close());
  return [line, address.replace(new URL(address).origin, line.url)];
}

/** What must never be in what crossed the line. */
function searched(line) {
  const crossed = line.crossed();
  for (const secret of secrets) {
    const found = crossed.some((bytes) => bytes.includes(secret) || messages(bytes).some((message) => message.includes(secret)));
    if (found) told.leaks.push(`${secret} crossed the line`);
  }
  told.crossed = crossed.reduce((sum, bytes) => sum + bytes.length, 0);
}

/** What is kept by the browser for this origin. */
const kept = (page) =>
  page.evaluate(async () => ({
    local: localStorage.length,
    session: sessionStorage.length,
    cookies: document.cookie,
    databases: (await indexedDB.databases()).length,
    caches: (await caches.keys()).length,
    workers: (await navigator.serviceWorker.getRegistrations()).length,
    files: await navigator.storage.getDirectory().then(async (root) => (await Array.fromAsync(root.keys())).length, () => 0),
  }));

/** Tries what a script that found its way in would try. */
const attacked = (page) =>
  page.evaluate(async () => {
    const refused = [];
    document.addEventListener("securitypolicyviolation", (event) => refused.push(event.effectiveDirective));
    const tried = (what) => {
      try {
        return String(what());
      } catch (error) {
        return error.name;
      }
    };
    // Later, since what the developer tools themselves run may do it.
    const evaluated = await new Promise((go) => setTimeout(() => go(tried(() => (0, eval)("'ran'")))));
    const markup = tried(() => (document.body.innerHTML = "<img src=x onerror=alert(1)>"));
    const handler = tried(() => document.body.setAttribute("onclick", "window.ran = 1"));
    document.body.click();
    const style = document.createElement("style");
    document.head.append(style);
    style.append("main { display: none }");
    await fetch("http://127.0.0.1:9/").catch(() => {});
    await new Promise((go) => setTimeout(go, 100));
    return { evaluated, markup, handler, ran: !!window.ran, refused: [...new Set(refused)].sort() };
  });

/** Every file that is listed, fetched: whether it is what it is said to be, and with which headers it comes. */
async function files(origin) {
  const listed = await (await fetch(`${origin}/.well-known/troth-assets`)).text();
  const checked = [];
  for (const line of listed.trim().split("\n")) {
    const [digest, path] = line.split("  ");
    const answer = await fetch(`${origin}/${path}`, { headers: { "accept-encoding": "br, gzip" } });
    const hash = createHash("sha256").update(Buffer.from(await answer.arrayBuffer())).digest("hex");
    const header = (name) => answer.headers.get(name);
    checked.push({
      path,
      same: hash === digest,
      policy: header("content-security-policy"),
      guarded: [header("x-content-type-options"), header("referrer-policy"), header("x-frame-options"), header("cross-origin-opener-policy")],
      cookie: header("set-cookie"),
      coding: header("content-encoding"),
    });
  }
  return { listed, checked };
}

const scenarios = {
  // All of it; and what is left afterwards.
  async walk() {
    const [line, address] = await through();
    const own = await phone();
    const page = await visit(own, address);
    await toPin(page, how);
    await look(page, "pin", how);
    await enterPin(page, how);
    await page.waitForSelector('[data-step="consents"], [data-step^="form"]', { timeout: 120_000 });
    await toReview(page, how, { hurried: how.hurried });
    await finish(page, how);
    told.shows = secrets.filter((secret) => told.reviewed.includes(secret));
    searched(line);
    told.kept = await kept(page);
    told.files = await files(line.url);
    const complained = [...told.console];
    told.attacks = await attacked(page);
    told.console = complained;
    // Away, and back with the back button: an empty page.
    await page.goto("about:blank");
    await page.goBack();
    await at(page, "trouble");
    told.back = await page.locator("main").innerText();
    told.cookies = await own.context.cookies();
    await own.context.close();
    told.left = leftBehind(own.profile, secrets);
    told.control = leftBehind(own.profile, [new URL(line.url).host]).length > 0;
  },
  // Begun, saved, and left.
  async begin() {
    const page = await visit(await phone(), link);
    await toPin(page, how);
    await enterPin(page, how);
    await page.waitForSelector('[data-step="consents"], [data-step^="form"]', { timeout: 120_000 });
    await toReview(page, how, { leave: how.leave });
    await page.getByText(says[how.language].saved).waitFor({ timeout: 20_000 });
  },
  // Gone on with on another telephone.
  async resume() {
    const page = await visit(await phone(), link);
    await toPin(page, how);
    await look(page, "enter-pin", how);
    await enterPin(page, how);
    await page.waitForSelector('[data-step]:not([data-step="pin"])', { timeout: 120_000 });
    told.resumedAt = await page.evaluate(() => document.querySelector("[data-step]").dataset.step);
    await toReview(page, how);
    await finish(page, how);
  },
  // The relay is slow, away for a while, back again; and its answer to what was sent is lost.
  async weather() {
    const [line, address] = await through();
    const page = await visit(await phone(), address);
    line.slow = 300;
    await toPin(page, how);
    line.gone();
    await enterPin(page, how);
    await page.waitForFunction(() => document.querySelector(".note-line").textContent.length > 10, null, { timeout: 20_000 });
    told.away = await page.locator(".note-line").innerText();
    line.back();
    await page.waitForSelector('[data-step="consents"], [data-step^="form"]', { timeout: 120_000 });
    line.gone();
    const back = setTimeout(() => line.back(), 3_000);
    await toReview(page, how);
    clearTimeout(back);
    line.back();
    line.slow = 0;
    await at(page, "review");
    // Nothing else is on its way when the answer to the submission is lost.
    await page.getByText(says[how.language].saved).waitFor({ timeout: 120_000 });
    const large = () => line.crossed().flatMap(messages).map((bytes) => bytes.toString("base64")).filter((text) => text.length > 1_000);
    const before = new Set(large());
    const lost = page.waitForSelector('[data-step="sign"] button.main').then(() => (line.mode = "deaf"));
    await finish(page, how);
    await lost;
    told.lost = line.lost;
    const since = large().filter((text) => !before.has(text));
    told.sizes = since.map((text) => text.length);
    told.resent = since.length - new Set(since).size;
    searched(line);
    forgiveNetwork();
  },
  // What was sent, seen again with the PIN; and what can be asked for.
  async again() {
    const page = await visit(await phone(), link);
    await toPin(page, { ...how, shots: null });
    await enterPin(page, how);
    await at(page, "after");
    await look(page, "afterwards", how);
    told.text = await page.locator("main").innerText();
    for (const what of how.asks ?? []) await ask(page, how, what);
  },
  // Somebody finds the link, and guesses.
  async found() {
    const [line, address] = await through();
    const page = await visit(await phone(), address);
    await toPin(page, how);
    await look(page, "found", how);
    await enterPin(page, how);
    await page.waitForFunction(() => document.getElementById("pin-problem")?.textContent.length > 5, null, { timeout: 120_000 });
    await look(page, "wrong-pin", how);
    told.text = await page.locator("main").innerText();
    searched(line);
  },
  // A link that does not work: what the page says.
  async trouble() {
    const page = await visit(await phone(), link);
    await at(page, how.step ?? "trouble");
    await look(page, how.step ?? "trouble", how);
    told.text = await page.locator("main").innerText();
  },
  // A receipt is checked.
  async receipt() {
    const page = await visit(await phone(), link);
    await page.waitForSelector('[data-step="receipt-checked"], [data-step="receipt-trouble"]', { timeout: 30_000 });
    const step = await page.evaluate(() => document.querySelector("[data-step]").dataset.step);
    await look(page, step, how);
    told.text = await page.locator("main").innerText();
    told.address = page.url();
    if (how.shots || how.print) told.printed = (await page.pdf()).length;
    forgiveNetwork();
    told.console = told.console.filter((line) => !line.startsWith("Failed to load resource"));
  },
  // The page on an origin of its own.
  async elsewhere() {
    const own = await phone();
    own.origins = [how.relay];
    const page = await visit(own, link);
    await toPin(page, how);
    await enterPin(page, how);
    await page.waitForSelector('[data-step="consents"], [data-step^="form"]', { timeout: 120_000 });
    await toReview(page, how);
    await finish(page, how);
    const checked = await visit(own, told.receiptAddress);
    await at(checked, "receipt-checked");
    told.text = await checked.locator("main").innerText();
    told.files = await files(new URL(link).origin);
  },
};

try {
  await scenarios[scenario]();
} catch (error) {
  told.failed = String(error?.stack ?? error);
  const page = phones.at(-1)?.context.pages()[0];
  told.stuck = await page?.locator("main").innerText({ timeout: 5_000 }).catch(String);
} finally {
  for (const end of ended) await Promise.resolve(end()).catch(() => {});
}
process.stdout.write(`${JSON.stringify(told)}\n`, () => process.exit(0));
