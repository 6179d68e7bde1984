// @ts-check
// Settings: sending from a slicer (addresses and keys), cameras, the slicers of this machine, presets.
import { ApiError, get, post, request } from '../api.js';
import { h, hide, icon, keyed, sheet, text } from '../html.js';
import { ago, clock } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { camerasCard } from '../parts/cameras-card.js';
import { rigsCard } from '../parts/rigs-card.js';
import { presetsCard } from '../parts/presets.js';
import { defectCard, mqttCard } from '../parts/watch-cards.js';

addWords({
  'settings.title': 'Settings', 'send.title': 'Send from your slicer', 'send.how': 'In PrusaSlicer, OrcaSlicer or Cura add a physical printer of the type OctoPrint, with one of these addresses and a key. “Upload” puts the file into the library; “Upload and print” puts it into the queue, where the farm’s own checks wait for it.',
  'send.farm': 'The whole farm', 'send.copy': 'Copy', 'send.copied': 'Copied', 'send.address': 'Address for {name}', 'send.addresses': 'Addresses', 'send.each': 'One for each printer', 'send.keys': 'Keys', 'send.keys.how': 'A key can send files and nothing else. Give each computer its own, so that you can take it back.',
  'send.name': 'Name of the new key', 'send.name.hint': 'Workshop PC', 'send.make': 'Make a key', 'send.new': 'The key of “{name}” is shown this once:', 'send.never': 'never used', 'send.used': 'used {ago}', 'send.made': 'made {at}', 'send.config': 'from config.json', 'send.revoke': 'Revoke', 'send.revoke.title': 'Revoke the key of {name}?', 'send.revoke.body': 'That slicer can no longer send files.', 'send.none': 'No key yet.', 'send.open': 'This farm has no password: files are taken without a key too.',
  'eng.title': 'Slicers', 'eng.none': 'No slicer was found on this machine.', 'eng.off': 'Slicing is off', 'eng.missing': 'not found',
});

/** @param {HTMLElement} root @param {AbortSignal} signal */
export async function settingsPage(root, signal) {
  await sheet('files');
  await sheet('views');
  if (signal.aborted) return;
  root.append(h('div.settings-page', null, h('div.top', null, h('h1', null, t('settings.title'))), h('div.scols', null, sendCard(signal), h('div', null, camerasCard(signal), rigsCard(signal), defectCard(signal), mqttCard(signal), enginesCard(signal), presetsCard(signal)))));
}

/** @param {HTMLElement} line @param {AbortSignal} signal @returns {(error: unknown) => void} */
const failing = (line, signal) => (error) => {
  if (signal.aborted) return;
  if (!(error instanceof ApiError)) throw error;
  hide(line, false);
  text(line, error.message);
};

/** @param {string} value @param {string} label */
function copyable(value, label) {
  const field = h('input', { type: 'text', readonly: true, value, 'aria-label': label, onfocus: () => field.select() });
  const button = h('button.btn.sm', { type: 'button', onclick: () => void copy() }, t('send.copy'));
  async function copy() {
    field.select();
    // On plain http there is no clipboard for pages; the selected text can still be copied by hand.
    if (!navigator.clipboard) return;
    await navigator.clipboard.writeText(value);
    text(button, t('send.copied'));
    setTimeout(() => text(button, t('send.copy')), 2000);
  }
  return h('span.copy', null, field, navigator.clipboard ? button : null);
}

/** @param {AbortSignal} signal */
function sendCard(signal) {
  const whole = h('dl.addr');
  const addresses = h('dl.addr');
  const each = h('details', null, h('summary', null, t('send.each')), addresses);
  const list = h('ul.keylist', { 'aria-label': t('send.keys') });
  const none = h('p.note', { hidden: true }, t('send.none'));
  const fresh = h('div.fresh', { hidden: true, role: 'status' });
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const name = h('input', { type: 'text', maxlength: 60, placeholder: t('send.name.hint'), 'aria-label': t('send.name'), required: true });
  const fail = failing(problem, signal);

  async function load() {
    const { keys } = await get('/api/send-keys', { signal });
    hide(none, keys.length > 0);
    keyed(list, keys, (key) => key.id, (key) => h('li', null, icon('key'), h('b', null, key.name), h('span'), key.source === 'config' ? null : h('button.btn.sm.ghost', { type: 'button', onclick: () => void revoke(key) }, t('send.revoke'))), (node, key) => {
      const used = key.last_used_at ? t('send.used', { ago: ago(Math.max(0, store.now() - key.last_used_at)) }) : t('send.never');
      text(node.children[2], key.source === 'config' ? t('send.config') : [key.created_at && t('send.made', { at: clock(key.created_at, store.now()) }), used].filter(Boolean).join(' · '));
    });
  }

  async function make() {
    hide(problem, true);
    const made = await post('/api/send-keys', { name: name.value.trim() });
    name.value = '';
    fresh.replaceChildren(h('p', null, t('send.new', { name: made.name })), copyable(made.key, t('send.keys')));
    hide(fresh, false);
    await load();
  }

  async function revoke(/** @type {any} */ key) {
    const { confirm } = await import('../parts/dialogs.js');
    if (!(await confirm({ title: t('send.revoke.title', { name: key.name }), body: [t('send.revoke.body')], ok: t('send.revoke'), danger: true }))) return;
    await request('DELETE', `/api/send-keys/${encodeURIComponent(key.id)}`).then(load).catch(fail);
  }

  function paint() {
    const address = (/** @type {{id: string, name: string}} */ row) => h('div', null, h('dt', null, row.name), h('dd', null, copyable(row.id ? `${location.origin}/send/${encodeURIComponent(row.id)}/` : `${location.origin}/`, t('send.address', { name: row.name }))));
    const rows = [...store.printers.values()].map((p) => ({ id: p.id, name: p.name }));
    keyed(whole, [{ id: '', name: t('send.farm') }], () => 'farm', address);
    keyed(addresses, rows, (row) => `a ${row.id}`, address);
    hide(each, !rows.length);
  }
  store.watch((change) => change.printers === null && paint(), signal);
  paint();
  void load().catch(fail);
  return h('section.card.scard', { 'aria-labelledby': 'send-h' }, h('h2', { id: 'send-h' }, t('send.title')), h('p', null, t('send.how')), problem,
    h('h3', null, t('send.keys')), h('p.note', null, t('send.keys.how')), list, none, h('form.row', { onsubmit: (/** @type {Event} */ e) => { e.preventDefault(); void make().catch(fail); } }, name, h('button.btn', null, icon('key'), t('send.make'))), fresh,
    h('h3', null, t('send.addresses')), whole, each);
}

/** @param {AbortSignal} signal */
function enginesCard(signal) {
  const list = h('ul.englist');
  const why = h('p.note', { hidden: true });
  const problem = h('p.problem', { role: 'alert', hidden: true });
  async function load() {
    const state = await get('/api/slicing', { signal });
    hide(why, !state.why);
    text(why, state.why);
    keyed(list, state.engines, (one) => one.name, () => h('li', null, icon('check'), h('b'), h('span')), (node, one) => {
      node.className = one.ok ? 't-ok' : 't-off';
      node.firstChild.replaceWith(icon(one.ok ? 'check' : 'x'));
      text(node.children[1], [one.label, one.version].filter(Boolean).join(' '));
      text(node.children[2], one.ok ? one.program : one.why || t('eng.missing'));
    });
  }
  void load().catch(failing(problem, signal));
  return h('section.card.scard', { 'aria-labelledby': 'eng-h' }, h('h2', { id: 'eng-h' }, t('eng.title')), problem, why, list);
}
