// @ts-check
// The queue page's two views: the list of jobs, and the timeline of what is to come.
import { attr, h, hide } from '../html.js';
import { addWords, t } from '../text.js';

addWords({ 'qt.label': 'Views of the queue', 'qt.list': 'Jobs', 'qt.time': 'Timeline' });

const TABS = ['list', 'time'];
/** Where a person was last; until the page is loaded anew. */
let chosen = 'list';

/** @param {HTMLElement[]} list what the first tab shows @param {AbortSignal} signal @returns {HTMLElement[]} tabs and panels */
export function queueTabs(list, signal) {
  const buttons = TABS.map((name) => h('button', { type: 'button', role: 'tab', id: `qt-${name}`, 'aria-controls': `qp-${name}`, onclick: () => choose(name) }, t(`qt.${name}`)));
  const panels = TABS.map((name) => h('div', { role: 'tabpanel', id: `qp-${name}`, 'aria-labelledby': `qt-${name}`, hidden: true }, name === 'list' ? list : null));
  const bar = h('div.q-tabs', { role: 'tablist', 'aria-label': t('qt.label'), onkeydown: (/** @type {KeyboardEvent} */ e) => {
    if (e.key !== 'ArrowRight' && e.key !== 'ArrowLeft') return;
    const other = chosen === 'list' ? 'time' : 'list';
    choose(other);
    buttons[TABS.indexOf(other)].focus();
  } }, buttons);

  /** @param {string} name */
  function choose(name) {
    chosen = name;
    TABS.forEach((one, i) => {
      attr(buttons[i], 'aria-selected', String(one === name));
      attr(buttons[i], 'tabindex', one === name ? '0' : '-1');
      hide(panels[i], one !== name);
    });
    if (name === 'time' && !panels[1].firstChild) void import('./timeline.js').then(({ timeline }) => { if (!signal.aborted && !panels[1].firstChild) panels[1].append(timeline(signal)); });
  }
  choose(chosen);
  return [bar, ...panels];
}
