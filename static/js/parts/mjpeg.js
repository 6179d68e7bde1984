// @ts-check
// Reads an MJPEG stream itself. An <img> would hide when the last frame came and would go on
// streaming after it was removed; a fetch can be aborted and every frame is seen.

const MOST = 8 * 1024 * 1024;
const HEAD_END = [13, 10, 13, 10];

/** @typedef {{bytes: Uint8Array, at: number}} Part a picture and when it was taken (epoch s), NaN = not told */

/** Cuts a multipart stream into its parts. Feed bytes, take whole pictures. */
export class PartReader {
  constructor() {
    this.held = new Uint8Array(0);
  }

  /** @param {Uint8Array} chunk @returns {Part[]} the pictures that are complete now */
  feed(chunk) {
    const joined = new Uint8Array(this.held.length + chunk.length);
    joined.set(this.held);
    joined.set(chunk, this.held.length);
    this.held = joined;
    const out = [];
    for (let part = this.take(); part; part = this.take()) out.push(part);
    if (this.held.length > MOST) throw new Error('no picture in 8 MB of the camera stream');
    return out;
  }

  /** One part from the front, or null when it is not complete. @returns {Part | null} */
  take() {
    const end = find(this.held, HEAD_END);
    if (end < 0) return null;
    const head = new TextDecoder('latin1').decode(this.held.subarray(0, end));
    const length = Number(/content-length:\s*(\d+)/i.exec(head)?.[1] ?? NaN);
    const start = end + HEAD_END.length;
    if (!Number.isFinite(length)) throw new Error('a camera frame without its length');
    if (this.held.length < start + length) return null;
    const at = Number(/x-frame-at:\s*([\d.]+)/i.exec(head)?.[1] ?? NaN);
    const bytes = this.held.slice(start, start + length);
    this.held = this.held.slice(start + length);
    return { bytes, at };
  }
}

/** @param {Uint8Array} bytes @param {number[]} wanted */
function find(bytes, wanted) {
  for (let at = bytes.indexOf(wanted[0]); at >= 0; at = bytes.indexOf(wanted[0], at + 1)) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/** Calls `show` with each frame until `signal` aborts; rejects when the stream breaks.
 * @param {string} url @param {(frame: Blob, at: number) => void} show  at: when it was taken, epoch s @param {AbortSignal} signal */
export async function watchStream(url, show, signal) {
  const response = await fetch(url, { signal, credentials: 'same-origin' });
  if (!response.ok || !response.body) {
    const said = await response.json().catch(() => null);
    throw new Error(said?.error?.message ?? '');
  }
  const reader = response.body.getReader();
  const parts = new PartReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) throw new Error('');
    const frames = parts.feed(value);
    const last = frames.at(-1); // late frames are worth nothing
    if (last) show(new Blob([/** @type {any} */ (last.bytes)], { type: 'image/jpeg' }), last.at);
  }
}
