// @ts-check
// Reads a plate's G-code from the farm and hands out single layers, away from the page's thread.
import { LayerReader, extent } from './parse.js';

const TELL_MS = 150;
/** @type {LayerReader | null} */
let reader = null;

/** @param {any} message @param {Transferable[]} [moved] */
const say = (message, moved = []) => /** @type {any} */ (self).postMessage(message, { transfer: moved });

/** @param {string} url */
async function read(url) {
  const response = await fetch(url, { credentials: 'same-origin' });
  if (!response.ok || !response.body) {
    const answer = await response.json().catch(() => null);
    return say({ t: 'failed', text: answer?.error?.message ?? '' });
  }
  const mine = new LayerReader();
  const decoder = new TextDecoder('utf-8');
  const stream = response.body.getReader();
  let got = 0, told = 0;
  for (;;) {
    const { done, value } = await stream.read();
    if (done) break;
    got += value.length;
    mine.feed(decoder.decode(value, { stream: true }));
    if (performance.now() - told > TELL_MS) {
      told = performance.now();
      say({ t: 'reading', bytes: got, layers: mine.layers.length });
    }
  }
  mine.end();
  reader = mine;
  say({ t: 'ready', heights: mine.layers.map((layer) => layer.z), box: extent(mine), full: mine.full, lines: mine.lines.size });
}

/** Copies of one layer's lines: the page may keep them. @param {number} index */
function layer(index) {
  const found = reader?.layers[index];
  if (!reader || !found) return;
  const xy = reader.lines.xy.slice(found.from * 4, found.to * 4);
  const kind = reader.lines.kind.slice(found.from, found.to);
  say({ t: 'layer', index, xy, kind }, [xy.buffer, kind.buffer]);
}

self.addEventListener('message', ({ data }) => {
  if (data.t === 'read') read(data.url).catch((error) => say({ t: 'failed', text: '', why: String(error) }));
  else if (data.t === 'layer') layer(data.index);
});
