// The page's line to the worker that holds the link.

import coreUrl from "../pkg/troth_web_bg.wasm?url";
import { persist } from "./relay";
import workerUrl from "./worker?worker&url";

export type Language = "en" | "zh-CN";
export type Value = Record<string, unknown>;

export interface Linked {
  practice: string;
  asker: string;
  readers: string[];
  languages: string[] | null;
  erased: boolean;
  /** Why it takes no answers: `expired`, `used`, `revoked`, or a rule's refusal. */
  closed: string | null;
  expires: number;
  sent: number;
  tries: number | null;
  now: number;
}

export interface Row {
  path: string;
  linkId: string;
  depth: number;
  kind: string;
  prefix: string | null;
  text: string | null;
  purpose: string | null;
  retention: [number, string] | null;
  enabled: boolean;
  required: boolean;
  repeats: boolean;
  most: number;
  repetition: [number, number];
  consent: string | null;
  maxLength: number | null;
  bounds: [string | null, string | null];
  options: { value: Value; text: string; chosen: boolean }[];
  values: Value[];
}

export interface View {
  title: string;
  description: string | null;
  copyright: string | null;
  version: string | null;
  language: string;
  languages: string[];
  complete: boolean;
  crises: string[];
  rows: Row[];
}

export interface Fault {
  path: string;
  text: string;
}

/** What a receipt says. */
export interface Shown {
  kind: "answers" | "withdraw" | "copy" | "erase";
  submission: string;
  position: number;
  received: number;
  origin: string;
  size: number;
  root: string;
  key: string;
}

export interface Receipt extends Shown {
  /** Where it can be checked, and the same as a QR code. */
  address: string;
  code: { path: string; width: number } | null;
}

export interface Reply {
  position: number;
  kind: "done" | "erased" | "copy";
  erased?: number;
  copies?: { received: number; view: View }[];
}

export interface Operations {
  open(relay: string, fragment: string): Promise<Linked>;
  pin(typed: string): Promise<{ draft: boolean; sent: number | null }>;
  start(language: Language): Promise<void>;
  view(language: Language): Promise<View>;
  set(path: string, values: Value[]): Promise<boolean>;
  add(path: string): Promise<boolean>;
  remove(path: string): Promise<boolean>;
  faults(language: Language): Promise<Fault[]>;
  save(): Promise<void>;
  submit(page: string): Promise<Receipt>;
  say(what: "withdraw" | "copy" | "erase", consents: string[], page: string): Promise<Receipt>;
  replies(language: Language): Promise<Reply[]>;
  receipt(fragment: string): Promise<Shown>;
  /** The size of the ledger that the receipt's entry is in now. */
  prove(relay: string): Promise<number>;
}

/** The relay, if it is not the one that serves this page. */
export const relay = document.querySelector<HTMLMetaElement>('meta[name="troth-relay"]')?.content || location.origin;
/** Where receipts are checked. */
export const receipts = `${location.origin}/r`;

// The one script that the page starts: Trusted Types let nothing else through.
const trusted = window.trustedTypes?.createPolicy("troth", { createScriptURL: (url: string) => url });

// Asked for once the first step is drawn: on a slow line nothing may come before that.
const core = (waiting: (is: boolean) => void) => persist(() => WebAssembly.compileStreaming(fetch(coreUrl)), waiting);

/** Starts the worker. `waiting` is told when the relay does not answer, and when it does again. */
export function begin(waiting: (is: boolean) => void): Operations {
  const url = trusted ? trusted.createScriptURL(workerUrl) : workerUrl;
  const worker = new Worker(url as string, { type: "module" });
  core(waiting).then((module) => worker.postMessage({ module }));
  const open = new Map<number, { resolve: (value: unknown) => void; reject: (word: string) => void }>();
  let next = 0;
  worker.onmessage = (event: MessageEvent) => {
    if ("waiting" in event.data) return waiting(event.data.waiting);
    const call = open.get(event.data.id);
    open.delete(event.data.id);
    if ("error" in event.data) call?.reject(event.data.error);
    else call?.resolve(event.data.value);
  };
  addEventListener("pagehide", () => worker.terminate());
  return new Proxy({} as Operations, {
    get: (_, name) => (...args: unknown[]) =>
      new Promise((resolve, reject) => {
        const id = next++;
        open.set(id, { resolve, reject });
        worker.postMessage({ id, name, args });
      }),
  });
}

declare global {
  interface Window {
    trustedTypes?: {
      createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): unknown };
    };
  }
}
