// Everything that holds a secret happens here, beside the page: keys, the form's rules, the messages to the relay.

import init, { ReceiptCheck, Session } from "../pkg/troth_web.js";
import { Line, persist } from "./relay";
import type { Operations } from "./session";

/** The relay takes two drafts a second at most. */
const DRAFT_PAUSE_MS = 600;

let session: Session;
let line: Line;
let receipt: ReceiptCheck;
let begin: (module: WebAssembly.Module) => void = () => {};
const ready = new Promise<WebAssembly.Module>((go) => (begin = go)).then((module) => init({ module_or_path: module }));
const waiting = (is: boolean) => postMessage({ waiting: is });
const sleep = (ms: number) => new Promise((go) => setTimeout(go, ms));

/** What was sent is durable before the relay has signed a ledger that holds it; until then there is no receipt that holds. */
const SIGNED_MS = 250;
const SIGNED_TRIES = 40;

/** The receipt of what was sent last. */
async function signed(page: string) {
  for (let tried = 1; ; tried++) {
    session.linked(await line.ask(session.question()));
    try {
      return JSON.parse(session.receipt(page));
    } catch (word) {
      if (word !== "receipt-altered" || tried === SIGNED_TRIES) throw word;
      await sleep(SIGNED_MS);
    }
  }
}

const operations: Operations = {
  async open(relay, fragment) {
    line = new Line(relay, waiting);
    await ready;
    session = new Session(relay, fragment);
    return JSON.parse(session.linked(await line.ask(session.question())));
  },
  async pin(typed) {
    return JSON.parse(session.unlocked(await line.ask(session.pin(typed))));
  },
  async start(language) {
    session.start(language);
  },
  async view(language) {
    return JSON.parse(session.view(language));
  },
  async set(path, values) {
    return session.set(path, JSON.stringify(values));
  },
  async add(path) {
    return session.add(path);
  },
  async remove(path) {
    return session.remove(path);
  },
  async faults(language) {
    return JSON.parse(session.faults(language));
  },
  async save() {
    try {
      session.unlocked(await line.ask(session.draft()));
    } catch (word) {
      if (word !== "refused:60") throw word;
      await sleep(DRAFT_PAUSE_MS);
      session.unlocked(await line.ask(session.draft()));
    }
  },
  async submit(page) {
    session.sent(await line.ask(session.submit(Date.now(), new Date().toISOString())));
    const done = await signed(page);
    // What was sent stays behind the PIN for a while, to be looked at again; that it could not is no reason to worry anybody.
    await operations.save().catch(() => {});
    return done;
  },
  async say(what, consents, page) {
    session.sent(await line.ask(session.ask(Date.now(), what, consents)));
    return signed(page);
  },
  async replies(language) {
    return JSON.parse(session.replies(language));
  },
  async receipt(fragment) {
    await ready;
    receipt = new ReceiptCheck(fragment);
    return JSON.parse(receipt.shown());
  },
  async prove(relay) {
    const get = async (path: string) => {
      const answer = await persist(() => fetch(relay + path, { cache: "no-store", credentials: "omit" }), waiting);
      if (!answer.ok) throw "receipt-unknown";
      return new Uint8Array(await answer.arrayBuffer());
    };
    const ledger = receipt.path();
    const tiles = receipt.current(await get(`${ledger}/checkpoint`));
    await Promise.all(tiles.map(async (path) => receipt.tile(path, await get(`${ledger}/${path}`))));
    return receipt.prove();
  },
};

interface Call {
  id: number;
  name: keyof Operations;
  args: unknown[];
}

addEventListener("message", async ({ data }: MessageEvent<Call | { module: WebAssembly.Module }>) => {
  if ("module" in data) return begin(data.module);
  const { id, name, args } = data;
  try {
    const operation = operations[name] as (...args: unknown[]) => Promise<unknown>;
    postMessage({ id, value: await operation(...args) });
  } catch (error) {
    postMessage({ id, error: typeof error === "string" ? error : "strange" });
  }
});
