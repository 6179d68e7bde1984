// @ts-check
// Beside the farm: the first jobs of the queue, and what each of them waits for.
import { attr, h, hide, icon, keyed, setIcon, sheet, text } from '../html.js';
import { clock, dur, stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { adviceLine } from './hints.js';
import { countWords, picture, printerName } from './queue-look.js';
import { deadlineOf, inFlight, lookOfJob, ordered, targetWords, whyOf } from './queue-rules.js';
import { autoSwitch } from './queue-switch.js';

addWords({ 'un.title': 'Up next', 'un.all': 'Whole queue', 'un.none': 'Nothing waits. Drop a sliced file anywhere on this page.', 'un.next': 'Nothing is in its way.', 'un.due.soon': 'Must start by {at}.', 'un.due.late': 'Should have started by {at}.' });

export { nextHere, watchHints } from './hints.js';

const SHOWN = 5;

/** @param {HTMLElement} box @param {AbortSignal} signal */
export async function upNext(box, signal) {
  await sheet('queue');
  if (signal.aborted) return;
  const list = h('ol');
  const none = h('p.note', null, t('un.none'));
  const all = h('a.un-all', { href: '#/queue' }, h('span', null, t('un.all')), h('b'));
  const notice = h('p.q-notice', { hidden: true }, icon('pausec'), h('span'));
  attr(box, 'aria-labelledby', 'h-next'); // a region once it has its name
  box.append(h('header', null, h('h2', { id: 'h-next' }, t('un.title')), autoSwitch(signal)), notice, adviceLine(signal), list, none, all);

  function row() {
    return h('li', null, h('span'), h('div', null, h('a', { href: '#/queue' }), h('span'), h('em', null, icon('right'), h('span'))));
  }

  /** @param {any} node @param {any} job @param {number} running */
  function paintRow(node, job, running) {
    if (node.job === job && node.running === running) return;
    if (!node.job) node.firstChild.replaceWith(picture(job));
    Object.assign(node, { job, running });
    const [name, facts, why] = node.lastChild.children;
    text(name, stem(job.name));
    text(facts, [countWords(job, running), dur(job.seconds), targetWords(job.target, printerName)].filter(Boolean).join(' · '));
    const stuck = lookOfJob(job)[1] === 'warn';
    why.className = stuck ? 't-warn' : '';
    setIcon(why.firstChild, stuck ? 'triangle' : job.state === 'held' ? 'pausec' : 'right');
    const how = deadlineOf(job, store.now());
    const pressed = how === 'soon' || how === 'late';
    if (pressed) { why.className = 't-warn'; setIcon(why.firstChild, 'triangle'); }
    text(why.lastChild, [pressed && t(`un.due.${how}`, { at: clock(job.latest_start, store.now()) }), whyOf(job) || t('un.next')].filter(Boolean).join(' '));
  }

  function paint() {
    const waiting = ordered(store.jobs.values(), store.queue.order);
    const now = inFlight(store.jobs.values());
    const running = (/** @type {any} */ job) => now.filter((one) => (one.series ?? one.id) === (job.series ?? job.id)).length;
    keyed(list, waiting.slice(0, SHOWN), (job) => job.id, row, (node, job) => paintRow(node, job, running(job)));
    hide(list, !waiting.length);
    hide(none, waiting.length > 0);
    text(all.lastChild, waiting.length);
    hide(notice, !store.queue.why);
    text(notice.lastChild, store.queue.why?.text ?? '');
    box.classList.toggle('is-empty', !waiting.length);
  }
  store.watch((change) => { if (change.jobs || change.link) paint(); }, signal);
  paint();
}
