// @ts-check
// Whether the farm sends jobs by itself: one switch, on the queue page and beside "up next".
import { applyGate } from '../gates.js';
import { attr, h } from '../html.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { setAuto } from './queue-acts.js';

addWords({ 'qs.auto': 'Auto dispatch' });

/** @param {AbortSignal} signal @returns {HTMLElement} */
export function autoSwitch(signal) {
  const button = h('button.switch', { type: 'button', role: 'switch', onclick: () => void setAuto(button.getAttribute('aria-checked') !== 'true') }, h('span', null, t('qs.auto')), h('i'));
  const paint = () => {
    const { auto, why, paused } = store.queue;
    attr(button, 'aria-checked', String(Boolean(auto)));
    // A person's pause is theirs to end; what is wrong with the records, or set in the file, is not.
    const can = store.connected && (auto || paused?.on);
    applyGate(button, { ok: Boolean(can), code: why?.code ?? '', why: store.connected ? why?.text ?? '' : t('conn.locked') });
  };
  store.watch((change) => { if (change.jobs || change.link) paint(); }, signal);
  paint();
  return button;
}
