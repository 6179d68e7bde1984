// @ts-check
// Plain G-code, piece by piece, as layers of lines to draw. Pure: no DOM, no network.

/** What a line is for; the page gives each a colour. */
export const KINDS = /** @type {const} */ (['outer', 'inner', 'infill', 'support', 'other', 'prime']);
const OUTER = 0, INNER = 1, INFILL = 2, SUPPORT = 3, OTHER = 4, PRIME = 5;

const MOST = 6_000_000; // segments; 100 MB of them
const ARC_STEP = 0.6; // mm of chord an arc is drawn with

/** ";TYPE:External perimeter", "; FEATURE: Outer wall", ";TYPE:WALL-OUTER" → what it is.
 * @param {string} words */
export function kindOf(words) {
  const w = words.toLowerCase();
  if (/custom|prime|skirt|brim|purge|tower/.test(w)) return PRIME;
  if (/support/.test(w)) return SUPPORT;
  if (/external|outer|overhang/.test(w)) return OUTER;
  if (/perimeter|wall|shell/.test(w)) return INNER;
  if (/fill|skin|surface|solid|bridge|ironing/.test(w)) return INFILL;
  return OTHER;
}

/** Numbers that grow, in blocks: no copy of everything each time. */
class Lines {
  constructor() {
    this.size = 0;
    this.room = 1 << 14;
    this.xy = new Float32Array(this.room * 4);
    this.kind = new Uint8Array(this.room);
  }

  /** @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {number} kind */
  add(x0, y0, x1, y1, kind) {
    if (this.size === this.room) this.grow();
    const at = this.size * 4;
    this.xy[at] = x0;
    this.xy[at + 1] = y0;
    this.xy[at + 2] = x1;
    this.xy[at + 3] = y1;
    this.kind[this.size++] = kind;
  }

  grow() {
    this.room *= 2;
    const xy = new Float32Array(this.room * 4);
    xy.set(this.xy);
    this.xy = xy;
    const kind = new Uint8Array(this.room);
    kind.set(this.kind);
    this.kind = kind;
  }
}

/** @typedef {{z: number, from: number, to: number}} Layer lines [from, to) at this height in mm */

export class LayerReader {
  constructor() {
    this.lines = new Lines();
    /** @type {Layer[]} */
    this.layers = [];
    this.marked = false; // the slicer marks its layers itself
    this.full = false; // more than can be held
    this.x = this.y = this.z = this.e = 0;
    this.absolute = true;
    this.absoluteE = true;
    this.scale = 1; // mm per unit: 25.4 after G20
    this.kind = OTHER;
    this.rest = '';
    this.fresh = true; // the next line opens a layer
    this.drawnZ = NaN;
  }

  /** @param {string} text the next piece, cut anywhere */
  feed(text) {
    const all = this.rest ? this.rest + text : text;
    let at = 0;
    for (let end = all.indexOf('\n'); end >= 0; end = all.indexOf('\n', at)) {
      this.line(all, at, end);
      at = end + 1;
    }
    this.rest = all.slice(at);
  }

  end() {
    if (this.rest) this.line(this.rest, 0, this.rest.length);
    this.rest = '';
    const last = this.layers.at(-1);
    if (last) last.to = this.lines.size;
    this.layers = this.layers.filter((layer) => layer.to > layer.from);
  }

  /** @param {string} all @param {number} at @param {number} end */
  line(all, at, end) {
    const c = all.charCodeAt(at);
    if (c === 59) this.comment(all.slice(at, Math.min(end, at + 120)));
    else if (c === 71 || c === 103) this.g(all.slice(at, end));
    else if (c === 77 || c === 109) this.m(all.slice(at, Math.min(end, at + 8)));
    else if (c === 32 || c === 9 || c === 78) {
      const plain = all.slice(at, end).replace(/^\s*(?:N\d+\s*)?/, '');
      if (plain) this.line(plain, 0, plain.length);
    }
  }

  /** @param {string} words */
  comment(words) {
    if (/^; ?(?:LAYER_CHANGE|CHANGE_LAYER|LAYER:)/.test(words)) {
      if (!this.marked) this.layers = []; // what was primed before belongs to the first layer
      this.marked = true;
      this.fresh = true;
      return;
    }
    const type = /^; ?(?:TYPE|FEATURE): ?(.+)/.exec(words);
    if (type) this.kind = kindOf(type[1]);
  }

  /** @param {string} words */
  m(words) {
    if (/^M82\b/i.test(words)) this.absoluteE = true;
    else if (/^M83\b/i.test(words)) this.absoluteE = false;
  }

  /** @param {string} words */
  g(words) {
    const cut = words.indexOf(';');
    const line = cut < 0 ? words : words.slice(0, cut);
    const code = Number.parseInt(line.slice(1), 10);
    if (code === 0 || code === 1) this.move(args(line), null, false);
    else if (code === 2 || code === 3) this.move(args(line), args(line), code === 2);
    else if (code === 90) this.absolute = this.absoluteE = true;
    else if (code === 91) this.absolute = this.absoluteE = false;
    else if (code === 20) this.scale = 25.4;
    else if (code === 21) this.scale = 1;
    else if (code === 92) this.set(args(line));
    else if (code === 28) this.home(line);
  }

  /** @param {string} line */
  home(line) {
    const all = !/[XYZ]/i.test(line.slice(3));
    if (all || /X/i.test(line.slice(3))) this.x = 0;
    if (all || /Y/i.test(line.slice(3))) this.y = 0;
    if (all || /Z/i.test(line.slice(3))) this.z = 0;
  }

  /** @param {Record<string, number>} a */
  set(a) {
    if (a.X !== undefined) this.x = a.X * this.scale;
    if (a.Y !== undefined) this.y = a.Y * this.scale;
    if (a.Z !== undefined) this.z = a.Z * this.scale;
    if (a.E !== undefined) this.e = a.E;
  }

  /** @param {Record<string, number>} a @param {Record<string, number> | null} arc @param {boolean} clockwise */
  move(a, arc, clockwise) {
    const base = this.absolute ? 0 : 1;
    const x = a.X === undefined ? this.x : a.X * this.scale + base * this.x;
    const y = a.Y === undefined ? this.y : a.Y * this.scale + base * this.y;
    const z = a.Z === undefined ? this.z : a.Z * this.scale + base * this.z;
    let push = 0;
    if (a.E !== undefined) {
      push = this.absoluteE ? a.E - this.e : a.E;
      this.e = this.absoluteE ? a.E : this.e + a.E;
    }
    this.z = z;
    if (push > 0 && (x !== this.x || y !== this.y || arc)) {
      this.open();
      if (arc) this.arc(x, y, arc, clockwise);
      else this.add(this.x, this.y, x, y);
    }
    this.x = x;
    this.y = y;
  }

  /** A new layer when the slicer marked one, or at another height when it marks none. */
  open() {
    const other = !this.marked && Math.abs(this.z - this.drawnZ) > 1e-4;
    if (this.layers.length && !this.fresh && !other) return;
    this.fresh = false;
    this.drawnZ = this.z;
    const last = this.layers.at(-1);
    if (last) last.to = this.lines.size;
    this.layers.push({ z: this.z, from: last ? this.lines.size : 0, to: this.lines.size });
  }

  /** @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 */
  add(x0, y0, x1, y1) {
    if (this.lines.size >= MOST) this.full = true;
    else this.lines.add(x0, y0, x1, y1, this.kind);
  }

  /** @param {number} x @param {number} y @param {Record<string, number>} a @param {boolean} clockwise */
  arc(x, y, a, clockwise) {
    const center = centerOf(this.x, this.y, x, y, a, this.scale, clockwise);
    if (!center) return this.add(this.x, this.y, x, y);
    const [cx, cy] = center;
    const r = Math.hypot(this.x - cx, this.y - cy);
    const from = Math.atan2(this.y - cy, this.x - cx);
    let turn = Math.atan2(y - cy, x - cx) - from;
    if (clockwise && turn >= -1e-9) turn -= 2 * Math.PI;
    if (!clockwise && turn <= 1e-9) turn += 2 * Math.PI;
    const steps = Math.max(2, Math.min(200, Math.ceil((Math.abs(turn) * r) / ARC_STEP)));
    let px = this.x, py = this.y;
    for (let i = 1; i <= steps; i++) {
      const to = from + (turn * i) / steps;
      const nx = i === steps ? x : cx + r * Math.cos(to);
      const ny = i === steps ? y : cy + r * Math.sin(to);
      this.add(px, py, nx, ny);
      px = nx;
      py = ny;
    }
  }
}

/** @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1
 * @param {Record<string, number>} a @param {number} scale @param {boolean} clockwise
 * @returns {[number, number] | null} */
function centerOf(x0, y0, x1, y1, a, scale, clockwise) {
  if (a.I !== undefined || a.J !== undefined) return [x0 + (a.I ?? 0) * scale, y0 + (a.J ?? 0) * scale];
  const r = (a.R ?? 0) * scale;
  const dx = x1 - x0, dy = y1 - y0;
  const d = Math.hypot(dx, dy);
  if (!r || !d || d > 2 * Math.abs(r)) return null;
  const side = clockwise === r > 0 ? 1 : -1;
  const high = Math.sqrt(r * r - (d * d) / 4) * side;
  return [(x0 + x1) / 2 + (dy / d) * high, (y0 + y1) / 2 - (dx / d) * high];
}

const WORD = /([A-Za-z])\s*(-?(?:\d+\.?\d*|\.\d+))/g;

/** "G1 X1.5 Y.2" → {X: 1.5, Y: 0.2}. @param {string} line */
function args(line) {
  /** @type {Record<string, number>} */
  const found = {};
  for (const [, letter, value] of line.slice(2).matchAll(WORD)) found[letter.toUpperCase()] = Number(value);
  return found;
}

/** The box of all lines but priming, [x0, y0, x1, y1]; null without any. @param {LayerReader} reader */
export function extent(reader) {
  const { xy, kind, size } = reader.lines;
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < size; i++) {
    if (kind[i] === PRIME) continue;
    const at = i * 4;
    box[0] = Math.min(box[0], xy[at], xy[at + 2]);
    box[1] = Math.min(box[1], xy[at + 1], xy[at + 3]);
    box[2] = Math.max(box[2], xy[at], xy[at + 2]);
    box[3] = Math.max(box[3], xy[at + 1], xy[at + 3]);
  }
  return box[0] <= box[2] ? box : null;
}
