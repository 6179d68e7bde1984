// @ts-check
// The temperature chart: at most 300 points a line, hand-drawn SVG, redrawn every two seconds.
import { attr, h, hide, keyed, s, text } from '../html.js';
import { clockS, seriesClasses } from '../format.js';
import { t } from '../text.js';

const POINTS = 300;
const HEIGHT = 100;
const WIDTH = 300;
const REDRAW_MS = 2000;

/** @typedef {{name: string, label?: string, points: Array<[number, number]>, target: number | null}} Series points: [epoch s, °C] */

/** Points of a window, thinned to what can be seen. @param {Array<[number, number]>} points
 * @param {number} from @param {number} [most] */
export function thin(points, from, most = POINTS) {
  const inside = points.filter(([at]) => at >= from);
  if (inside.length <= most) return inside;
  const step = inside.length / most;
  return Array.from({ length: most }, (_, i) => inside[Math.min(inside.length - 1, Math.round((i + 1) * step) - 1)]);
}

/** The upper end of the scale: a round number above everything shown. @param {Series[]} series */
export function ceiling(series) {
  const high = Math.max(60, ...series.flatMap((one) => [...one.points.map(([, v]) => v), one.target ?? 0]));
  return Math.ceil((high + 5) / 50) * 50;
}

export class PfTempChart extends HTMLElement {
  /** @type {Series[]} */ series = [];
  window = 1200; // seconds shown
  drawnAt = 0;
  now = 0;
  /** @type {any} made when it is first on the page */ svg = null;
  /** @type {any} */ lines = null;
  /** @type {any} */ ys = null;
  /** @type {any} */ xs = null;
  /** @type {any} */ tip = null;
  /** @type {any} */ cursor = null;

  connectedCallback() {
    if (this.svg) return;
    this.svg = s('svg', { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    this.lines = s('g');
    this.cursor = s('path', { class: 'cur', d: '' });
    this.svg.append(s('path', { class: 'gl', d: [0, 25, 50, 75, 100].map((y) => `M0 ${y}H${WIDTH}`).join('') }), this.lines, this.cursor);
    this.ys = h('div.yl', { 'aria-hidden': 'true' });
    this.xs = h('div.xl', { 'aria-hidden': 'true' }, h('span'), h('span'), h('span', null, t('temp.axis.now')));
    this.tip = h('div.tip', { hidden: true, 'aria-hidden': 'true' });
    this.append(this.svg, this.ys, this.xs, this.tip);
    this.addEventListener('pointermove', (event) => this.point(event));
    this.addEventListener('pointerleave', () => this.point(null));
  }

  /** @param {Series[]} series @param {number} now epoch s */
  draw(series, now) {
    this.series = series;
    this.now = now;
    if (Date.now() - this.drawnAt < REDRAW_MS || !this.svg) return;
    this.drawnAt = Date.now();
    const top = ceiling(series);
    const from = now - this.window;
    const x = (/** @type {number} */ at) => (((at - from) / this.window) * WIDTH).toFixed(1);
    const y = (/** @type {number} */ v) => (HEIGHT - (Math.max(0, v) / top) * HEIGHT).toFixed(1);
    const colours = seriesClasses(series.map((one) => one.name));
    const paths = series.flatMap((one) => {
      const colour = colours.get(one.name);
      const line = thin(one.points, from).map(([at, v], i) => `${i ? 'L' : 'M'}${x(at)} ${y(v)}`).join('');
      return [{ key: `${one.name} t`, cls: `tg ${colour}`, d: one.target ? `M0 ${y(one.target)}H${WIDTH}` : '' }, { key: one.name, cls: `ln ${colour}`, d: line }];
    });
    keyed(this.lines, paths, (p) => p.key, (p) => s('path'), (node, p) => {
      attr(node, 'class', p.cls);
      attr(node, 'd', p.d);
    });
    const marks = [top, top / 2, 0];
    keyed(this.ys, marks.map((v, i) => ({ v, i })), (m) => String(m.i), () => h('span'), (node, m) => {
      text(node, Math.round(m.v));
      node.style.setProperty('top', `${m.i * 50}%`);
    });
    text(this.xs.children[0], `−${Math.round(this.window / 60)} m`);
    text(this.xs.children[1], `−${Math.round(this.window / 120)} m`);
  }

  /** @param {PointerEvent | null} event */
  point(event) {
    const box = this.svg.getBoundingClientRect();
    const part = event ? (event.clientX - box.left) / box.width : -1;
    const on = part >= 0 && part <= 1 && this.series.length > 0;
    hide(this.tip, !on);
    attr(this.cursor, 'd', on ? `M${(part * WIDTH).toFixed(1)} 0V${HEIGHT}` : '');
    if (!on) return;
    const at = this.now - this.window * (1 - part);
    const lines = this.series.map((one) => {
      const near = one.points.reduce((best, p) => (Math.abs(p[0] - at) < Math.abs(best[0] - at) ? p : best), one.points[0] ?? [0, 0]);
      return one.points.length && Math.abs(near[0] - at) < 30 ? `${one.label} ${Math.round(near[1])}°` : '';
    });
    text(this.tip, [clockS(at), ...lines.filter(Boolean)].join('\n'));
    this.tip.style.setProperty(part > 0.5 ? 'right' : 'left', `${(part > 0.5 ? 1 - part : part) * box.width + (part > 0.5 ? 38 : 8)}px`);
    this.tip.style.setProperty(part > 0.5 ? 'left' : 'right', 'auto');
  }
}
customElements.define('pf-temp-chart', PfTempChart);
