// @ts-check
// Settings: the defect watch of the farm, the MQTT broker, and where its figures are.
import { ApiError, get } from '../api.js';
import { h, hide, icon, keyed, setIcon, text } from '../html.js';
import { store } from '../store.js';
import { t } from '../text.js';
import { lineOf, lookOf, mqttWords, overviewRows, told } from './watch-rules.js';

const EVERY_MS = 5000;

/** Asks again and again while the page is looked at. @param {() => Promise<void>} load @param {any} problem @param {AbortSignal} signal */
function poll(load, problem, signal) {
  /** @type {any} */
  let timer;
  async function round() {
    clearTimeout(timer);
    try {
      await load();
      hide(problem, true);
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      hide(problem, false);
      text(problem, error.message);
    }
    if (!signal.aborted) timer = setTimeout(() => { if (!document.hidden) void round(); }, EVERY_MS);
  }
  document.addEventListener('visibilitychange', () => { if (!document.hidden) void round(); }, { signal });
  signal.addEventListener('abort', () => clearTimeout(timer));
  void round();
}

/** @param {AbortSignal} signal */
export function defectCard(signal) {
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const off = h('p.note', { hidden: true }, t('ds.off'));
  const facts = h('dl.keys.diag');
  const list = h('ul.englist');
  const rest = h('p.note', { hidden: true });
  const title = h('h3', { hidden: true }, t('ds.printers'));

  poll(async () => {
    const it = await get('/api/defect-watch', { signal });
    hide(off, it.enabled);
    hide(facts, !it.enabled);
    const { list: shown, resting } = it.enabled ? told(it) : { list: [], resting: 0 };
    hide(title, !it.enabled);
    keyed(facts, it.enabled ? overviewRows(it, store.now()) : [], ([key]) => key, ([key]) => h('div', null, h('dt', null, key), h('dd')), (node, [, words]) => text(node.lastChild, words));
    keyed(list, shown, (one) => one.printer_id, () => h('li', null, icon('eye'), h('b'), h('span')), paintRow);
    hide(rest, !resting);
    text(rest, t('ds.resting', { n: resting }));
  }, problem, signal);

  /** @param {any} node @param {any} one */
  function paintRow(node, one) {
    const name = store.printers.get(one.printer_id)?.name ?? one.printer_id;
    const found = lookOf({ name, watch: one }, store.now());
    node.className = `t-${found.tone}`;
    setIcon(node.firstChild, found.icon);
    text(node.children[1], name);
    text(node.children[2], lineOf(one, store.now()));
  }
  return h('section.card.scard', { 'aria-labelledby': 'ds-h' }, h('h2', { id: 'ds-h' }, t('dw.title')), problem, off, facts, title, list, rest);
}

/** @param {AbortSignal} signal */
export function mqttCard(signal) {
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const words = h('p');
  const line = h('div.mq', null, icon('link'), words);
  poll(async () => {
    const [tone, said] = mqttWords(await get('/api/mqtt', { signal }));
    line.className = `mq t-${tone}`;
    text(words, said);
  }, problem, signal);
  const page = (/** @type {string} */ path) => h('a', { href: path, target: '_blank', rel: 'noopener' }, h('code', null, path));
  return h('section.card.scard', { 'aria-labelledby': 'mq-h' }, h('h2', { id: 'mq-h' }, t('mq.title')), problem, line,
    h('h3', null, t('fig.title')), h('p.figs-l', null, t('fig.how'), page('/metrics'), t('fig.api'), page('/api/openapi.json'), t('fig.end')));
}
