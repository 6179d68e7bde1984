// @ts-check
// The bar under a selection: how many can, and what each of them said.
import { h, icon, keyed, text } from '../html.js';
import { gate } from '../gates.js';
import { fleet } from '../commands.js';
import { store } from '../store.js';
import { t } from '../text.js';

/** action, icon, needs a dialog first */
const ACTS = /** @type {Array<[string, string, string, any?]>} */ ([
  ['pause', 'pause', 'act.pause'], ['resume', 'play', 'act.resume'], ['mark-clear', 'check', 'act.mark-clear'], ['stop', 'stop', 'printer.stop'],
  ['light', 'light', 'bulk.light.on', { on: true }], ['light', 'light', 'bulk.light.off', { on: false }], ['cooldown', 'snow', 'act.cooldown'],
]);

/** @param {Set<string>} selected @param {string} action @param {any} [args] */
function able(selected, action, args) {
  return [...selected].map((id) => store.printers.get(id)).filter((p) => p && gate(p, action).ok && !(action === 'light' && p.light === args.on));
}

/** @param {HTMLElement} page @param {Set<string>} selected @param {() => void} clear */
export function bulkBar(page, selected, clear) {
  let bar = /** @type {any} */ (page.querySelector('.bulk'));
  if (!selected.size) {
    bar?.remove();
    return;
  }
  if (!bar) {
    bar = h('div.bulk', { role: 'toolbar', 'aria-label': t('bulk.selected', { n: selected.size }) }, h('b', { role: 'status' }), h('span.sr'), h('button.ib', { type: 'button', 'aria-label': t('close'), onclick: clear }, icon('x')));
    page.append(bar);
  }
  text(bar.firstChild, t('bulk.selected', { n: selected.size }));
  const shown = ACTS.map(([action, pic, words, args]) => ({ action, pic, words, args, n: able(selected, action, args).length })).filter((a) => a.n);
  const tools = bar.querySelector('.tools') ?? bar.insertBefore(h('span.tools'), bar.lastChild);
  keyed(tools, shown, (a) => a.words, (a) => h(`button.btn.sm${a.action === 'stop' ? '.stop' : ''}`, { type: 'button', onclick: () => void run(selected, a.action, a.args) }, icon(a.pic), h('span')),
    (node, a) => text(node.lastChild, `${t(a.words)} (${a.n})`));
}

/** @param {Set<string>} selected @param {string} action @param {any} args */
async function run(selected, action, args) {
  const printers = able(selected, action, args);
  const ids = printers.map((p) => p?.id);
  if (action === 'stop') {
    const { stopManyDialog } = await import('./dialogs.js');
    if (!(await stopManyDialog(printers))) return;
  } else if (action === 'mark-clear') {
    const { clearManyDialog } = await import('./dialogs.js');
    const ticked = await clearManyDialog(printers);
    if (!ticked.length) return;
    await fleet(action, ticked);
    return;
  } else if (action === 'cooldown' && ids.length > 1) {
    const { confirm } = await import('./dialogs.js');
    if (!(await confirm({ title: t('bulk.cool.title', { n: ids.length }), body: [printers.map((p) => p?.name).join(', ')], ok: t('act.cooldown') }))) return;
  }
  await fleet(action, ids, args);
}
