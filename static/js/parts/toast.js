// @ts-check
// Results whose place on the page is gone, and the two live regions.
import { h, icon } from '../html.js';
import { t } from '../text.js';

const MS = 8000;
const GAP_MS = 3000;
const ICONS = /** @type {Record<string, string>} */ ({ ok: 'check', warn: 'triangle', fault: 'octagon', info: 'info' });

/** @typedef {{tone?: string, ms?: number, action?: string, run?: () => void}} ToastOptions */

/** Stays while it is looked at. @param {string} words @param {ToastOptions} [options] */
export function toast(words, options = {}) {
  const tone = options.tone ?? 'info';
  const close = () => {
    clearTimeout(timer);
    node.remove();
  };
  const node = h(`div.toast.t-${tone}`, { role: tone === 'fault' ? 'alert' : 'status' }, icon(ICONS[tone] ?? 'info'), h('p', null, words),
    options.action && h('button.btn.sm', { type: 'button', onclick: () => { close(); options.run?.(); } }, options.action),
    h('button.ib', { type: 'button', 'aria-label': t('close'), onclick: close }, icon('x')));
  let timer = setTimeout(close, options.ms ?? MS);
  const hold = () => clearTimeout(timer);
  const go = () => { timer = setTimeout(close, options.ms ?? MS); };
  node.addEventListener('pointerenter', hold);
  node.addEventListener('pointerleave', go);
  node.addEventListener('focusin', hold);
  node.addEventListener('focusout', go);
  const dialogs = document.querySelectorAll('dialog[open]');
  const stack = document.getElementById('toasts');
  if (stack && dialogs.length) dialogs[dialogs.length - 1].append(stack);
  else if (stack && stack.parentNode !== document.body) document.body.append(stack);
  stack?.append(node);
  while (stack && stack.children.length > 4) stack.firstElementChild?.remove();
}

/** A dialog that closes must not take the messages with it. */
export function rescueToasts() {
  const stack = document.getElementById('toasts');
  if (stack && stack.parentNode !== document.body) document.body.append(stack);
}

/** @type {string[]} */
let waiting = [];
let spokenAt = 0;

/** To the polite live region, at most one message in three seconds, merged. @param {string} words */
export function say(words) {
  waiting.push(words);
  if (waiting.length > 1) return;
  setTimeout(() => {
    const region = document.getElementById('live');
    if (region) region.textContent = waiting.slice(0, 4).join('. ');
    waiting = [];
    spokenAt = Date.now();
  }, Math.max(50, spokenAt + GAP_MS - Date.now()));
}

/** Faults and a lost connection only. @param {string} words */
export function sayUrgent(words) {
  const region = document.getElementById('live-urgent');
  if (region) region.textContent = words;
}
