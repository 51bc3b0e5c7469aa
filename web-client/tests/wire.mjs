// A line between the browser and the relay that can be slow, cut, or lose an answer, and that remembers all that crossed it.

import { createServer, connect } from "node:net";

/** The WebSocket messages (RFC 6455 §5.2) in what was sent one way, unmasked; nothing before the upgrade is one. */
export function messages(bytes) {
  const found = [];
  const start = bytes.indexOf("\r\n\r\n");
  const upgraded = /upgrade: websocket/i.test(bytes.subarray(0, Math.max(start, 0)).toString("latin1"));
  for (let at = start + 4; upgraded && at + 2 <= bytes.length; ) {
    const masked = bytes[at + 1] & 0x80;
    let length = bytes[at + 1] & 0x7f;
    const binary = (bytes[at] & 0x0f) === 2;
    at += 2;
    if (length === 126) [length, at] = [bytes.readUInt16BE(at), at + 2];
    else if (length === 127) [length, at] = [Number(bytes.readBigUInt64BE(at)), at + 8];
    const mask = masked ? bytes.subarray(at, at + 4) : null;
    if (masked) at += 4;
    const body = Buffer.from(bytes.subarray(at, at + length));
    if (mask) for (let i = 0; i < body.length; i++) body[i] ^= mask[i % 4];
    if (binary) found.push(body);
    at += length;
  }
  return found;
}

export async function wire(to) {
  const target = new URL(to);
  const open = new Set();
  const ways = [];
  const line = {
    url: "",
    /** `whole`, `gone`, or `deaf`: what the relay answers to the next message is lost, and the connection with it. */
    mode: "whole",
    /** Milliseconds that everything takes longer, each way. */
    slow: 0,
    /** Answers that were lost. */
    lost: 0,
    gone() {
      line.mode = "gone";
      for (const socket of open) socket.destroy();
    },
    back() {
      line.mode = "whole";
    },
    /** Everything that crossed, each way of each connection apart. */
    crossed: () => ways.map((way) => Buffer.concat(way)),
    close: () => server.close(),
  };
  const server = createServer((near) => {
    if (line.mode === "gone") return near.destroy();
    const far = connect(Number(target.port), target.hostname);
    const pass = (from, into, answers) => {
      const way = [];
      ways.push(way);
      open.add(from);
      from.setNoDelay(true);
      from.on("error", () => {});
      from.on("close", () => {
        open.delete(from);
        into.end();
      });
      from.on("data", (bytes) => {
        way.push(bytes);
        // A message is what begins with a final binary frame; the upgrade and files are not.
        if (answers && line.mode === "deaf" && bytes[0] === 0x82) {
          line.mode = "whole";
          line.lost++;
          near.destroy();
          far.destroy();
          return;
        }
        if (line.slow) setTimeout(() => into.writable && into.write(bytes), line.slow);
        else into.write(bytes);
      });
    };
    pass(near, far, false);
    pass(far, near, true);
  });
  await new Promise((go) => server.listen(0, "127.0.0.1", go));
  line.url = `http://127.0.0.1:${server.address().port}`;
  return line;
}
