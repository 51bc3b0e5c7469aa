// One question to the relay and its answer, over a connection of its own. Whatever is asked, the same again is the same
// question: so it is asked until it is answered.

const ANSWER_MS = 15_000;
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000];

function once(url: string, frame: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    const timer = setTimeout(() => socket.close(), ANSWER_MS);
    socket.onopen = () => socket.send(frame);
    socket.onmessage = (event: MessageEvent<ArrayBuffer>) => {
      clearTimeout(timer);
      resolve(new Uint8Array(event.data));
      socket.close();
    };
    socket.onclose = () => {
      clearTimeout(timer);
      reject(new Error("closed"));
    };
  });
}

/** Asks until there is an answer; `waiting` is told when one does not come, and when it came at last. */
export async function ask(
  relay: string,
  frame: Uint8Array,
  waiting: (is: boolean) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const url = `${relay.replace(/^http/, "ws")}/v1/sync`;
  const bytes = new Uint8Array(frame);
  for (let tried = 0; ; tried++) {
    try {
      const answer = await once(url, bytes);
      if (tried > 0) waiting(false);
      return answer;
    } catch {
      waiting(true);
      await new Promise((go) => setTimeout(go, PAUSES_MS[Math.min(tried, PAUSES_MS.length - 1)]));
    }
  }
}
