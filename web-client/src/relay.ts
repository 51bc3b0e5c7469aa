// The line to the relay: one question and its answer at a time. Whatever is asked, the same again is the same question: so it is
// asked until it is answered, on a new connection where the last one is gone.

const ANSWER_MS = 15_000;
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000];

/** Ends early when the browser says that it is online again. */
const pause = (ms: number) =>
  new Promise<void>((go) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      go();
    };
    const timer = setTimeout(done, ms);
    addEventListener("online", done);
  });

/** Tries until it works; `waiting` is told when it does not, and when it did at last. */
export async function persist<T>(what: () => Promise<T>, waiting: (is: boolean) => void): Promise<T> {
  for (let tried = 0; ; tried++) {
    try {
      const result = await what();
      if (tried > 0) waiting(false);
      return result;
    } catch {
      waiting(true);
      await pause(PAUSES_MS[Math.min(tried, PAUSES_MS.length - 1)] ?? 0);
    }
  }
}

export class Line {
  #url: string;
  #waiting: (is: boolean) => void;
  #socket: Promise<WebSocket> | null = null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(relay: string, waiting: (is: boolean) => void) {
    this.#url = `${relay.replace(/^http/, "ws")}/v1/sync`;
    this.#waiting = waiting;
    // The first question finds it open.
    this.#open().catch(() => {});
  }

  ask(frame: Uint8Array): Promise<Uint8Array> {
    const bytes = new Uint8Array(frame);
    const answer = this.#turn.then(async () => {
      // A connection that was idle may have ended without a word; that is not yet a relay that is away.
      const reused = this.#socket !== null;
      const first = reused ? await this.#once(bytes).catch(() => null) : null;
      return first ?? persist(() => this.#once(bytes), this.#waiting);
    });
    this.#turn = answer.catch(() => {});
    return answer;
  }

  #open(): Promise<WebSocket> {
    this.#socket ??= new Promise((resolve, reject) => {
      const socket = new WebSocket(this.#url);
      socket.binaryType = "arraybuffer";
      const late = setTimeout(() => socket.close(), ANSWER_MS);
      socket.onopen = () => {
        clearTimeout(late);
        resolve(socket);
      };
      socket.onclose = () => {
        clearTimeout(late);
        this.#socket = null;
        reject(new Error("closed"));
      };
    });
    return this.#socket;
  }

  async #once(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
    const socket = await this.#open();
    return new Promise((resolve, reject) => {
      const gone = () => {
        clearTimeout(late);
        this.#socket = null;
        socket.onmessage = socket.onclose = null;
        socket.close();
        reject(new Error("closed"));
      };
      const late = setTimeout(gone, ANSWER_MS);
      socket.onclose = gone;
      socket.onmessage = (event: MessageEvent<ArrayBuffer>) => {
        clearTimeout(late);
        socket.onmessage = null;
        socket.onclose = () => (this.#socket = null);
        resolve(new Uint8Array(event.data));
      };
      if (socket.readyState === WebSocket.OPEN) socket.send(bytes);
      else gone();
    });
  }
}
