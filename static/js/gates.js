// @ts-check
// The server decides, the page explains: what a button says when it may not be pressed.
import { attr, h, icon, text } from './html.js';
import { store } from './store.js';
import { t } from './text.js';

/** @typedef {{ok: boolean, code: string, why: string}} Gate */

/** The server's answer for one act; everything is locked while there is no server.
 * @param {Record<string, any> | undefined} printer @param {string} action @returns {Gate} */
export function gate(printer, action) {
  if (!store.connected) return { ok: false, code: 'no_connection', why: t('conn.locked') };
  const found = printer?.gates?.[action];
  if (!found) return { ok: false, code: 'not_supported', why: t('gate.unknown') };
  return { ok: Boolean(found.ok), code: found.code ?? '', why: found.why ?? '' };
}

/** Act → the capability it needs; a printer that is away says only that it is away. */
const NEEDS = /** @type {Record<string, string>} */ ({
  home: 'home', jog: 'jog', extrude: 'extrude', calibrate: 'calibrate', load: 'load', unload: 'load', tray: 'load', light: 'light', gcode: 'gcode', 'clear-fault': 'clear_fault', 'skip-objects': 'skip_objects',
  'emergency-stop': 'emergency_stop', connect: 'connect', 'firmware-restart': 'firmware_restart', 'host-restart': 'host_restart', start: 'upload',
});

/** Whether the printer can ever do this: an act it does not know is not shown at all.
 * @param {Record<string, any>} printer @param {string} action */
export function knows(printer, action) {
  const found = printer.gates?.[action];
  if (printer.caps?.length && NEEDS[action] && !printer.caps.includes(NEEDS[action])) return false;
  return Boolean(found) && found.code !== 'not_supported' && found.code !== 'feed';
}

/** Whether there may be objects to skip: those the printer lists, or those of a Bambu's file.
 * @param {Record<string, any>} printer */
export function skippableJob(printer) {
  return knows(printer, 'skip-objects') && (printer.kind === 'bambu' || Boolean(printer.job?.objects?.length));
}

/** Grey but focusable, with its sentence for ears and, on focus or hover, for eyes.
 * @param {HTMLElement} button @param {Gate} verdict */
export function applyGate(button, verdict) {
  attr(button, 'aria-disabled', verdict.ok ? null : 'true');
  attr(button, 'aria-describedby', verdict.ok ? null : reason(verdict.why));
  if (verdict.ok) delete button.dataset.why;
  else button.dataset.why = verdict.why;
}

const MOST_REASONS = 100;
let serial = 0;
/** @type {Map<string, HTMLElement>} sentence → the hidden element that carries it for screen readers */
const reasons = new Map();

/** The id of a hidden element with these words, shared by all buttons they hold for. @param {string} why */
function reason(why) {
  let node = reasons.get(why);
  if (!node) {
    if (reasons.size >= MOST_REASONS) forget();
    node = h('span', { id: `why-${++serial}`, hidden: true }, why);
    document.body.append(/** @type {Node} */ (node));
    reasons.set(why, /** @type {HTMLElement} */ (node));
  }
  return /** @type {HTMLElement} */ (node).id;
}

function forget() {
  for (const [why, node] of reasons) {
    if (document.querySelector(`[aria-describedby="${node.id}"]`)) continue;
    node.remove();
    reasons.delete(why);
  }
}

/** A fieldset with its visible lock line. @param {HTMLFieldSetElement} set @param {HTMLElement} line
 * @param {Gate} verdict @param {string} [title] */
export function applyLock(set, line, verdict, title = '') {
  if (set.disabled === verdict.ok) set.disabled = !verdict.ok;
  if (line.hidden !== verdict.ok) line.hidden = verdict.ok;
  const words = line.querySelector('span');
  if (!verdict.ok && words) {
    const [bold, plain] = /** @type {[HTMLElement, HTMLElement]} */ ([...words.children]);
    text(bold, title ? `${title} ` : '');
    text(plain, verdict.why);
  }
}

/** The lock line that applyLock fills. @param {string} id */
export function lockLine(id) {
  return h('p.lock', { id, hidden: true }, icon('lock'), h('span', null, h('b'), h('span')));
}

/** @type {HTMLElement | null} */
let bubble = null;

/** @param {Element} button */
function show(button) {
  const why = /** @type {HTMLElement} */ (button).dataset.why;
  if (!why) return;
  bubble ??= h('div.why', { popover: 'manual', 'aria-hidden': 'true' }, icon('lock'), h('span'));
  if (!bubble) return;
  text(/** @type {Node} */ (bubble.lastChild), why);
  const host = button.closest('dialog') ?? document.getElementById('main') ?? document.body;
  if (bubble.parentNode !== host) host.append(bubble);
  bubble.showPopover();
  const box = button.getBoundingClientRect();
  const own = bubble.getBoundingClientRect();
  const left = Math.max(12, Math.min(box.right - own.width, innerWidth - own.width - 12));
  const below = box.bottom + 8 + own.height < innerHeight;
  bubble.style.setProperty('left', `${left}px`);
  bubble.style.setProperty('top', `${below ? box.bottom + 8 : box.top - own.height - 8}px`);
}

function close() {
  if (bubble?.matches(':popover-open')) bubble.hidePopover();
}

/** One set of listeners for every gated button of the page. */
export function watchGates() {
  /** @param {Event} event */
  const target = (event) => (event.target instanceof Element ? event.target.closest('[data-why]') : null);
  document.addEventListener('focusin', (event) => {
    const button = target(event);
    if (button?.matches(':focus-visible')) show(button);
  });
  document.addEventListener('focusout', close);
  document.addEventListener('pointerover', (event) => {
    const button = target(event);
    if (button && event.pointerType === 'mouse') show(button);
  });
  document.addEventListener('pointerout', (event) => target(event) && close());
  document.addEventListener('keydown', (event) => event.key === 'Escape' && close());
  document.addEventListener('scroll', close, true);
  document.addEventListener('click', (event) => {
    const button = target(event);
    if (!button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    show(button);
  }, true);
}
