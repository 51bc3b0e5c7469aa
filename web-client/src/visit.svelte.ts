// One visit to a link: where in the walk it is, and what it knows. The steps draw it.

import { tick } from "svelte";
import { begin, receipts, relay, type Fault, type Language, type Linked, type Operations, type Receipt, type Reply, type Row, type Value, type View } from "./session";
import { sections } from "./sections";
import { text, trouble, type Word } from "./words";

export type Step = "language" | "about" | "pin" | "consents" | "form" | "review" | "sign" | "receipt" | "after" | "trouble";

/** How long after the last change a draft is kept. */
const SAVE_AFTER_MS = 1_200;

const preferred = (): Language => (navigator.languages.some((tag) => tag.startsWith("zh")) ? "zh-CN" : "en");

export class Visit {
  language = $state<Language>(preferred());
  step = $state<Step>("language");
  /** Which part of the form, from 0. */
  part = $state(0);
  linked = $state.raw<Linked | null>(null);
  view = $state.raw<View | null>(null);
  faults = $state.raw<Fault[]>([]);
  receipt = $state.raw<Receipt | null>(null);
  replies = $state.raw<Reply[]>([]);
  error = $state<string | null>(null);
  /** The relay does not answer. */
  waiting = $state(false);
  /** Something takes its time. */
  busy = $state(false);
  /** Answers on their way to where they are kept in memory. */
  settling = $state(0);
  saved = $state<"saved" | "saving" | "unsaved" | null>(null);

  readonly session: Operations;
  #fragment: string;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #started = false;

  constructor(fragment: string) {
    this.#fragment = fragment;
    this.session = begin((is) => (this.waiting = is));
    if (typeof WebAssembly === "undefined") {
      this.error = "unsupported";
      this.step = "trouble";
    } else {
      void this.open();
    }
  }

  t(word: Word, values: Record<string, string | number> = {}): string {
    return text(this.language, word, values);
  }

  get trouble(): string | null {
    return this.error === null ? null : trouble(this.language, this.error);
  }

  readonly rows: Row[] = $derived(this.view?.rows.filter((row) => row.enabled) ?? []);
  readonly consents: Row[] = $derived(this.rows.filter((row) => row.consent !== null));
  readonly parts: Row[][] = $derived(sections(this.rows));

  /** The walk's steps in order, as far as they are known. */
  readonly plan: string[] = $derived([
    "language",
    "about",
    "pin",
    ...(this.consents.length ? ["consents"] : []),
    ...this.parts.map((_, part) => `form-${part}`),
    "review",
    "sign",
  ]);
  readonly place: number = $derived(this.plan.indexOf(this.step === "form" ? `form-${this.part}` : this.step) + 1);

  async go(to: Step, part = 0): Promise<void> {
    this.step = to;
    this.part = part;
    this.error = null;
    this.faults = [];
    await this.arrive();
  }

  /** Whoever listens hears the heading first, whoever looks sees the top. */
  async arrive(): Promise<void> {
    await tick();
    document.querySelector("h1")?.focus();
    scrollTo(0, 0);
  }

  fail(word: string): Promise<void> {
    const gone = this.go("trouble");
    this.error = word;
    return gone;
  }

  /** Does it, and keeps what went wrong for the step to show. */
  async attempt<T>(what: () => Promise<T>): Promise<T | undefined> {
    this.busy = true;
    this.error = null;
    try {
      return await what();
    } catch (word) {
      this.error = String(word);
      return undefined;
    } finally {
      this.busy = false;
    }
  }

  /** Asks the relay what is behind the link; meanwhile the language can be chosen. */
  async open(): Promise<void> {
    const found = await this.session.open(relay, this.#fragment).catch((word: unknown) => String(word));
    if (typeof found === "string") return this.fail(found);
    this.linked = found;
    if (found.tries === 0) return this.fail("wrong-pin:0");
    if (found.tries === null && found.erased) return this.fail("erased");
    // Whoever sent something through it still gets to see it.
    if (found.closed !== null && found.sent === 0) return this.fail(found.closed);
    if (!found.erased) await this.look();
  }

  async look(): Promise<void> {
    this.view = await this.session.view(this.language);
  }

  async speak(to: Language): Promise<void> {
    this.language = to;
    if (!this.view) return;
    if (this.#started) await this.session.start(to);
    await this.look();
    if (this.step === "after") this.replies = await this.session.replies(to);
    if (this.faults.length) this.faults = await this.session.faults(to);
  }

  async unlock(pin: string): Promise<void> {
    const kept = await this.attempt(() => this.session.pin(pin));
    if (!kept) {
      const left = this.error?.startsWith("wrong-pin:") ? Number(this.error.slice(10)) : null;
      if (left !== null && this.linked) this.linked = { ...this.linked, tries: left };
      if (left === 0) await this.fail("wrong-pin:0");
      return;
    }
    if (kept.sent !== null || this.linked?.sent || this.linked?.erased) return this.after();
    await this.session.start(this.language);
    this.#started = true;
    await this.look();
    if (!kept.draft) return this.next();
    this.saved = "saved";
    await this.resume();
  }

  /** To the first step that is not finished. */
  async resume(): Promise<void> {
    const open = new Set((await this.session.faults(this.language)).map((fault) => fault.path));
    if (this.consents.some((row) => open.has(row.path))) return this.go("consents");
    const part = this.parts.findIndex((rows) => rows.some((row) => open.has(row.path)));
    if (part >= 0) return this.go("form", part);
    return this.go("review");
  }

  /** What was sent, what was answered, and what can be asked for. */
  async after(): Promise<void> {
    if (!this.linked?.erased) await this.look();
    this.replies = await this.session.replies(this.language).catch(() => []);
    await this.go("after");
  }

  #to(place: number): Promise<void> {
    const name = this.plan[place] ?? "review";
    const part = name.startsWith("form-") ? Number(name.slice(5)) : 0;
    return this.go(name.startsWith("form-") ? "form" : (name as Step), part);
  }

  next(): Promise<void> {
    return this.#to(this.place);
  }

  back(): Promise<void> {
    return this.#to(this.place - 2);
  }

  /** Goes on if nothing of these rows has to be looked at again. */
  async leave(rows: Row[]): Promise<void> {
    const mine = new Set(rows.map((row) => row.path));
    const all = await this.session.faults(this.language);
    this.faults = all.filter((fault) => mine.has(fault.path));
    if (this.faults.length) {
      await tick();
      document.getElementById("faults")?.focus();
      return;
    }
    if (this.#timer) void this.save();
    await this.next();
  }

  async does(what: Promise<boolean>): Promise<void> {
    this.settling++;
    try {
      await what;
      await this.look();
      if (this.faults.length) {
        const still = await this.session.faults(this.language);
        this.faults = this.faults.filter((fault) => still.some((other) => other.path === fault.path));
      }
    } finally {
      this.settling--;
    }
    this.saved = "saving";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), SAVE_AFTER_MS);
  }

  answer(row: Row, values: Value[]): Promise<void> {
    return this.does(this.session.set(row.path, values));
  }

  async save(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const kept = await this.session.save().then(() => true).catch(() => false);
    // Something may have changed meanwhile, and be saved next.
    if (this.#timer === undefined) this.saved = kept ? "saved" : "unsaved";
  }

  /** What is not kept yet is kept now: the telephone is being put away. */
  hidden(): void {
    if (this.#timer !== undefined) void this.save();
  }

  async send(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const done = await this.attempt(() => this.session.submit(receipts));
    if (!done) return;
    this.saved = null;
    this.receipt = done;
    await this.go("receipt");
  }

  /** Says something about what was sent; whether it arrived. */
  async say(what: "withdraw" | "copy" | "erase", consents: string[] = []): Promise<boolean> {
    return (await this.attempt(() => this.session.say(what, consents, receipts))) !== undefined;
  }
}
