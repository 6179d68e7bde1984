// @ts-check
// One layer of the real G-code on a canvas, with a slider through all of them.
import { attr, h, hide, text } from '../html.js';
import { bytes } from '../format.js';
import { addWords, t } from '../text.js';
import { KINDS } from '../layers/parse.js';
import { workerUrl } from '../workers.js';

addWords({
  'layers.title': 'Layers', 'layers.slider': 'Layer', 'layers.at': 'Layer {n} of {all} · {z} mm', 'layers.reading': 'Reading the G-code, {got}…', 'layers.failed': 'The layers cannot be shown.', 'layers.none': 'This file has no layer that could be drawn.',
  'layers.up': 'Next layer', 'layers.down': 'Layer below', 'layers.full': 'Very long file: its last layers are not shown.', 'layers.picture': 'Picture of layer {n}, seen from above', 'layers.all': 'All before it',
  'layers.outer': 'Outer wall', 'layers.inner': 'Inner wall', 'layers.infill': 'Infill and surfaces', 'layers.support': 'Support', 'layers.other': 'Other', 'layers.prime': 'Skirt, brim, priming',
});

const LINE_MM = 0.42;
const PAD = 14;

/**
 * @param {string} url GET /api/files/FID/plates/N/gcode
 * @param {{signal: AbortSignal, bed?: [number, number] | null}} more bed: its width and depth in mm
 * @returns {HTMLElement}
 */
export function layersPart(url, { signal, bed = null }) {
  const canvas = h('canvas', { role: 'img' });
  const note = h('p.note', { role: 'status' }, t('layers.reading', { got: bytes(0) }));
  const slider = h('input', { type: 'range', min: 1, max: 1, value: 1, step: 1, 'aria-label': t('layers.slider'), oninput: () => show(Number(slider.value) - 1) });
  const words = h('output');
  const step = (/** @type {number} */ by) => () => { slider.value = String(Number(slider.value) + by); show(Number(slider.value) - 1); };
  const key = h('ul.lkey', null, KINDS.map((name) => h(`li.lk-${name}`, { hidden: true }, h('i'), h('span', null, t(`layers.${name}`)))));
  const bar = h('div.lbar', { hidden: true }, h('button.btn.sm', { type: 'button', 'aria-label': t('layers.down'), onclick: step(-1) }, '−'), slider, h('button.btn.sm', { type: 'button', 'aria-label': t('layers.up'), onclick: step(1) }, '+'), words);
  const root = h('section.layers', { 'aria-label': t('layers.title') }, canvas, note, bar, key);

  const worker = new Worker(workerUrl('layers'), { type: 'module' });
  /** @type {number[]} */
  let heights = [];
  /** @type {number[] | null} */
  let box = null;
  /** @type {{index: number, xy: Float32Array, kind: Uint8Array} | null} */
  let drawn = null;
  let wanted = -1;
  const seen = new Set();

  worker.onmessage = ({ data }) => {
    if (data.t === 'reading') text(note, t('layers.reading', { got: bytes(data.bytes) }));
    else if (data.t === 'failed') text(note, data.text || t('layers.failed'));
    else if (data.t === 'ready') ready(data);
    else if (data.t === 'layer' && data.index === wanted) {
      drawn = data;
      for (const kind of data.kind) seen.add(kind);
      paint();
    }
  };
  worker.onerror = () => text(note, t('layers.failed'));
  worker.postMessage({ t: 'read', url: new URL(url, location.href).href });
  signal.addEventListener('abort', () => worker.terminate());
  const sizes = new ResizeObserver(() => paint());
  sizes.observe(canvas);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', paint, { signal });
  signal.addEventListener('abort', () => sizes.disconnect());

  /** @param {any} data */
  function ready(data) {
    heights = data.heights;
    box = data.box;
    text(note, !heights.length ? t('layers.none') : data.full ? t('layers.full') : '');
    hide(note, heights.length > 0 && !data.full);
    hide(bar, !heights.length);
    slider.max = String(heights.length);
    if (!heights.length) return;
    const first = Math.min(heights.length, Math.max(1, Math.round(heights.length / 3)));
    slider.value = String(first);
    show(first - 1);
  }

  /** @param {number} index */
  function show(index) {
    wanted = index;
    const said = t('layers.at', { n: index + 1, all: heights.length, z: heights[index].toFixed(2) });
    text(words, said);
    attr(slider, 'aria-valuetext', said);
    attr(canvas, 'aria-label', t('layers.picture', { n: index + 1 }));
    worker.postMessage({ t: 'layer', index });
  }

  function paint() {
    const ratio = devicePixelRatio || 1;
    const [w, hgt] = [canvas.clientWidth, canvas.clientHeight];
    if (!w || !hgt) return;
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(hgt * ratio)) {
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(hgt * ratio);
    }
    const pen = canvas.getContext('2d');
    if (!pen) return;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, w, hgt);
    if (!box) return;
    const style = getComputedStyle(canvas); // a canvas cannot resolve light-dark() itself
    const view = frame(box, bed, w, hgt);
    grid(pen, view, w, hgt, style.borderTopColor);
    if (bed) outline(pen, view, bed, style.color);
    [...key.children].forEach((item, kind) => hide(item, !seen.has(kind)));
    if (drawn) lines(pen, view, drawn, [...key.children].map((item) => getComputedStyle(item).color));
  }
  return root;
}

/** @typedef {{scale: number, x: (mm: number) => number, y: (mm: number) => number, box: number[]}} View */

/** The model fills the picture; the bed shows as far as it reaches in. @param {number[]} box
 * @param {[number, number] | null} bed @param {number} w @param {number} hgt @returns {View} */
function frame(box, bed, w, hgt) {
  const [x0, y0, x1, y1] = box;
  const side = Math.max(x1 - x0, y1 - y0, 10) * 0.06;
  const wide = x1 - x0 + 2 * side, deep = y1 - y0 + 2 * side;
  const scale = Math.min((w - 2 * PAD) / wide, (hgt - 2 * PAD) / deep);
  const left = (w - (x1 - x0) * scale) / 2, low = (hgt - (y1 - y0) * scale) / 2;
  return { scale, box, x: (mm) => left + (mm - x0) * scale, y: (mm) => hgt - low - (mm - y0) * scale };
}

/** A line each 10 mm. @param {CanvasRenderingContext2D} pen @param {View} view @param {number} w @param {number} hgt @param {string} colour */
function grid(pen, view, w, hgt, colour) {
  const step = view.scale > 3 ? 10 : view.scale > 0.6 ? 50 : 100;
  pen.strokeStyle = colour;
  pen.lineWidth = 1;
  pen.beginPath();
  const [x0, y0] = view.box;
  for (let mm = Math.floor((x0 - view.x(x0) / view.scale) / step) * step; view.x(mm) < w; mm += step) {
    pen.moveTo(Math.round(view.x(mm)) + 0.5, 0);
    pen.lineTo(Math.round(view.x(mm)) + 0.5, hgt);
  }
  for (let mm = Math.floor((y0 - (hgt - view.y(y0)) / view.scale) / step) * step; view.y(mm) > 0; mm += step) {
    pen.moveTo(0, Math.round(view.y(mm)) + 0.5);
    pen.lineTo(w, Math.round(view.y(mm)) + 0.5);
  }
  pen.stroke();
}

/** @param {CanvasRenderingContext2D} pen @param {View} view @param {[number, number]} bed @param {string} colour */
function outline(pen, view, bed, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.strokeRect(view.x(0), view.y(bed[1]), bed[0] * view.scale, bed[1] * view.scale);
}

/** @param {CanvasRenderingContext2D} pen @param {View} view
 * @param {{xy: Float32Array, kind: Uint8Array}} layer @param {string[]} colours one per kind */
function lines(pen, view, layer, colours) {
  pen.lineCap = 'round';
  pen.lineWidth = Math.max(0.75, LINE_MM * view.scale * 0.82);
  for (let kind = KINDS.length - 1; kind >= 0; kind--) {
    pen.strokeStyle = colours[kind];
    pen.beginPath();
    let lastX = NaN, lastY = NaN;
    for (let i = 0; i < layer.kind.length; i++) {
      if (layer.kind[i] !== kind) continue;
      const at = i * 4;
      const { [at]: x0, [at + 1]: y0, [at + 2]: x1, [at + 3]: y1 } = layer.xy;
      if (x0 !== lastX || y0 !== lastY) pen.moveTo(view.x(x0), view.y(y0));
      pen.lineTo(view.x(x1), view.y(y1));
      lastX = x1;
      lastY = y1;
    }
    pen.stroke();
  }
}
