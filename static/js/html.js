// @ts-check
// Builds and updates DOM without ever parsing a string as HTML.

const SPRITE = new URL('../icons.svg', import.meta.url).pathname;
const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Node | string | number | false | null | undefined} Kid */

/**
 * h('button.btn.pri', {type: 'button', onclick: go, 'aria-label': 'Go'}, 'Go')
 *
 * Keys starting with "on" are listeners, "style" takes custom properties ({'--c': '#fff'}),
 * "data" a dataset; booleans and null set or leave out an attribute; known properties
 * (value, checked, hidden, …) are set as properties.
 * @param {string} spec tag.class.class
 * @param {Record<string, any> | null} [props]
 * @param {...(Kid | Kid[])} kids
 * @returns {any} the element, untyped so that callers may use what they asked for
 */
export function h(spec, props, ...kids) {
  const [tag, ...classes] = spec.split('.');
  const node = document.createElement(tag);
  if (classes.length) node.className = classes.join(' ');
  for (const [key, value] of Object.entries(props ?? {})) put(node, key, value);
  for (const kid of kids.flat()) {
    if (kid !== null && kid !== undefined && kid !== false) node.append(/** @type {any} */ (kid));
  }
  return node;
}

const PROPERTIES = new Set(['value', 'checked', 'hidden', 'disabled', 'max', 'min', 'className', 'indeterminate']);

/** @param {any} node @param {string} key @param {any} value */
function put(node, key, value) {
  if (value === null || value === undefined) return;
  if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
  else if (key === 'style') for (const [name, v] of Object.entries(value)) node.style.setProperty(name, String(v));
  else if (key === 'data') Object.assign(node.dataset, value);
  else if (PROPERTIES.has(key)) node[key] = value;
  else attr(node, key, value);
}

/** @param {string} name a symbol of icons.svg @param {string} [cls] */
export function icon(name, cls = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', cls ? `ico ${cls}` : 'ico');
  svg.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `${SPRITE}#${name}`);
  svg.append(use);
  return svg;
}

/** @param {Element} svg made by icon() @param {string} name */
export function setIcon(svg, name) {
  attr(/** @type {Element} */ (svg.firstChild), 'href', `${SPRITE}#${name}`);
}

/** An SVG element. @param {string} tag @param {Record<string, string | number>} [attrs] @returns {any} */
export function s(tag, attrs = {}) {
  const node = document.createElementNS(SVG, tag);
  for (const [key, value] of Object.entries(attrs)) node.setAttribute(key, String(value));
  return node;
}

/** @type {WeakMap<Node, string>} */
const shown = new WeakMap();

/** textContent, only when it differs. @param {Node} node @param {string | number} value */
export function text(node, value) {
  const words = String(value);
  if (shown.get(node) === words) return false;
  shown.set(node, words);
  node.textContent = words;
  return true;
}

/** @param {Element} node @param {string} name @param {string | number | boolean | null | undefined} value */
export function attr(node, name, value) {
  if (value === null || value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name);
    return;
  }
  const words = value === true ? '' : String(value);
  if (node.getAttribute(name) !== words) node.setAttribute(name, words);
}

/** @param {HTMLElement | SVGElement} node @param {string} name "--c" @param {string} value */
export function cssVar(node, name, value) {
  if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value);
}

/** @param {HTMLElement} node @param {boolean} hidden */
export function hide(node, hidden) {
  if (node.hidden !== hidden) node.hidden = hidden;
}

/**
 * Children of `parent` become one node per item, kept by key and in this order; nothing that is
 * already in place is touched, so focus and a held slider survive.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => any} make
 * @param {(node: any, item: T) => void} [update]
 */
export function keyed(parent, items, keyOf, make, update) {
  /** @type {Map<string, any>} */
  const have = new Map();
  for (const child of /** @type {any} */ (parent.children)) if (child.dataset.key) have.set(child.dataset.key, child);
  let at = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let node = have.get(key);
    if (node) have.delete(key);
    else {
      node = make(item);
      node.dataset.key = key;
    }
    update?.(node, item);
    if (node === at) at = at?.nextElementSibling ?? null;
    else parent.insertBefore(node, at);
  }
  for (const node of have.values()) node.remove();
}

/** @type {Map<string, Promise<void>>} */
const sheets = new Map();

/** Adds a style sheet once; resolves when it is in force. @param {string} name "views" */
export function sheet(name) {
  let ready = sheets.get(name);
  if (!ready) {
    ready = new Promise((resolve) => {
      const link = h('link', { rel: 'stylesheet', href: new URL(`../css/${name}.css`, import.meta.url).pathname });
      link.onload = link.onerror = () => resolve();
      document.head.append(link);
    });
    sheets.set(name, ready);
  }
  return ready;
}
