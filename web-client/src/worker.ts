// Everything that holds a secret happens here, beside the page: keys, the form's rules, the messages to the relay.

import init, { Session } from "../pkg/troth_web.js";
import wasm from "../pkg/troth_web_bg.wasm?url";
import { ask } from "./relay";
import type { Operations } from "./session";

let session: Session;
let relay = "";
const ready = init({ module_or_path: wasm });
const waiting = (is: boolean) => postMessage({ waiting: is });
const talk = (frame: Uint8Array) => ask(relay, frame, waiting);

const operations: Operations = {
  async open(at, fragment) {
    await ready;
    relay = at;
    session = new Session(at, fragment);
    return JSON.parse(session.linked(await talk(session.question())));
  },
  async pin(typed) {
    return JSON.parse(session.unlocked(await talk(session.pin(typed))));
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
    session.unlocked(await talk(session.draft()));
  },
  async submit() {
    const frame = session.submit(Date.now(), new Date().toISOString());
    session.sent(await talk(frame));
    session.linked(await talk(session.question()));
    const receipt = JSON.parse(session.receipt());
    // What was sent stays behind the PIN for a while, to be looked at again; that it could not is no reason to worry anybody.
    await talk(session.draft());
    return receipt;
  },
  async say(what) {
    session.sent(await talk(session.ask(Date.now(), what)));
    session.linked(await talk(session.question()));
    return JSON.parse(session.receipt());
  },
  async replies(language) {
    return JSON.parse(session.replies(language));
  },
};

addEventListener("message", async (event: MessageEvent<{ id: number; name: keyof Operations; args: unknown[] }>) => {
  const { id, name, args } = event.data;
  try {
    const operation = operations[name] as (...args: unknown[]) => Promise<unknown>;
    postMessage({ id, value: await operation(...args) });
  } catch (error) {
    postMessage({ id, error: typeof error === "string" ? error : "strange" });
  }
});
