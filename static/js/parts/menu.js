// @ts-check
// The More menu of a printer. Emergency stop is kept apart from everything and is held, not clicked.
import { cssVar, h, hide, icon, text } from '../html.js';
import { applyGate, gate, knows, skippableJob } from '../gates.js';
import { command } from '../commands.js';
import { store } from '../store.js';
import { t } from '../text.js';

const HOLD_MS = 800;

/** @param {string} id */
export function moreMenu(id) {
  const now = () => /** @type {any} */ (store.printers.get(id));
  const dialogs = () => import('./dialogs.js');
  /** @type {Array<{gate: string, icon: string, words: (p: any) => string, show: (p: any) => boolean, run: () => any}>} */
  const entries = [
    { gate: 'light', icon: 'light', words: (p) => t(p.light ? 'menu.light.off' : 'menu.light.on'), show: (p) => knows(p, 'light'), run: () => command(id, 'light', { on: !now().light }) },
    { gate: 'clear-fault', icon: 'check', words: () => t('menu.clearfault'), show: (p) => Boolean(p.faults?.length || p.fault) && knows(p, 'clear-fault'), run: async () => (await dialogs()).clearFaultDialog(now()) },
    { gate: 'skip-objects', icon: 'x', words: () => t('menu.skip'), show: (p) => skippableJob(p), run: async () => (await dialogs()).skipDialog(now()) },
    { gate: 'maintenance', icon: 'wrench', words: (p) => t(p.maintenance?.on ? 'menu.maint.off' : 'menu.maint.on'), show: (p) => p.kind !== 'feed', run: async () => (now().maintenance?.on ? command(id, 'maintenance', { on: false }) : (await dialogs()).maintenanceDialog(now())) },
    { gate: 'calibrate', icon: 'gear', words: () => t('menu.calibrate'), show: (p) => knows(p, 'calibrate'), run: async () => (await dialogs()).calibrateDialog(now()) },
    { gate: 'connect', icon: 'link', words: (p) => t(p.conn?.online ? 'menu.disconnect' : 'menu.connect'), show: (p) => knows(p, 'connect'), run: () => command(id, 'connect', { on: !now().conn?.online }) },
    { gate: 'firmware-restart', icon: 'refresh', words: () => t('menu.firmware'), show: (p) => knows(p, 'firmware-restart'), run: async () => (await dialogs()).restartDialog(now(), 'firmware-restart') },
    { gate: 'host-restart', icon: 'refresh', words: () => t('menu.host'), show: (p) => knows(p, 'host-restart'), run: async () => (await dialogs()).restartDialog(now(), 'host-restart') },
    { gate: 'reconnect', icon: 'refresh', words: (p) => t(['octoprint', 'moonraker', 'prusalink'].includes(p.kind) ? `menu.reconnect.${p.kind}` : 'menu.reconnect'), show: () => true, run: () => command(id, 'reconnect') },
    { gate: 'trust', icon: 'shield', words: () => t('menu.trust'), show: (p) => p.state === 'identity', run: async () => (await dialogs()).trustDialog(now()) },
  ];
  const buttons = entries.map((entry) => h('button', { type: 'button', onclick: () => { root.hidePopover(); void entry.run(); } }, icon(entry.icon), h('span')));
  const estop = holdButton(() => { root.hidePopover(); void command(id, 'emergency-stop'); });
  const line = h('hr');
  const root = h('div.menu', { popover: 'auto', id: 'more' }, buttons, line, estop);
  const button = h('button.ib', { type: 'button', popovertarget: 'more', 'aria-label': t('printer.more') }, icon('more'));
  root.addEventListener('beforetoggle', () => {
    const box = button.getBoundingClientRect();
    root.style.setProperty('top', `${box.bottom + 6}px`);
    root.style.setProperty('right', `${Math.max(8, document.documentElement.clientWidth - box.right)}px`);
  });
  /** @param {any} p */
  const paint = (p) => {
    entries.forEach((entry, i) => {
      hide(buttons[i], !entry.show(p));
      text(buttons[i].lastChild, entry.words(p));
      applyGate(buttons[i], gate(p, entry.gate));
    });
    const stops = (p.caps ?? []).includes('emergency_stop');
    hide(estop, !stops);
    hide(line, !stops);
    if (stops) applyGate(estop, gate(p, 'emergency-stop'));
  };
  return { root, button, paint };
}

/** Fires after it was held for 800 ms. @param {() => void} fire */
function holdButton(fire) {
  const node = h('button.hold', { type: 'button' }, icon('estop'), h('span', null, t('menu.estop')));
  let since = 0;
  const step = () => {
    if (!since) return;
    const part = Math.min(1, (performance.now() - since) / HOLD_MS);
    cssVar(node, '--held', String(part));
    if (part < 1) requestAnimationFrame(step);
    else {
      end();
      fire();
    }
  };
  const begin = () => {
    if (since || node.dataset.why) return;
    since = performance.now();
    step();
  };
  const end = () => {
    since = 0;
    cssVar(node, '--held', '0');
  };
  node.addEventListener('pointerdown', begin);
  for (const name of ['pointerup', 'pointerleave', 'pointercancel', 'blur', 'keyup']) node.addEventListener(name, end);
  node.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => (e.key === ' ' || e.key === 'Enter') && begin());
  return node;
}
