// @ts-check
// Presets: the sets of the installed slicers, and those a person brought along.
import { ApiError, get, request } from '../api.js';
import { h, hide, icon, keyed, text } from '../html.js';
import { addWords, t } from '../text.js';

addWords({
  'pre.title': 'Presets', 'pre.how': 'Export your own presets from the slicer (PrusaSlicer: Config Bundle .ini; OrcaSlicer and Bambu Studio: Preset Bundle; Cura: .curaprofile) and add them here.', 'pre.add': 'Add presets', 'pre.file': 'Exported presets', 'pre.yours': 'Yours', 'pre.brought': 'From the installed slicers: {names}', 'pre.none': 'None added yet.', 'pre.remove': 'Remove {name}', 'pre.count': '{n} presets', 'pre.adding': 'Reading {name}…',
  'pre.remove.title': 'Remove the presets {name}?', 'pre.remove.body': 'Files that were sliced with them stay.', 'pre.remove.go': 'Remove', 'pre.family.prusa': 'PrusaSlicer', 'pre.family.orca': 'OrcaSlicer, Bambu Studio', 'pre.family.cura': 'Cura',
});

/** @param {AbortSignal} signal */
export function presetsCard(signal) {
  const list = h('ul.prelist', { 'aria-label': t('pre.yours') });
  const none = h('p.note', { hidden: true }, t('pre.none'));
  const brought = h('p.note');
  const problem = h('p.problem', { role: 'alert', hidden: true });
  const input = h('input.sr', { type: 'file', accept: '.ini,.json,.zip,.orca_printer,.orca_filament,.bbscfg,.bbsflmt,.curaprofile', 'aria-label': t('pre.file'), tabindex: -1, onchange: () => input.files[0] && void add(input.files[0]) });
  const button = h('button.btn', { type: 'button', onclick: () => input.click() }, icon('upload'), t('pre.add'));

  /** @param {unknown} error */
  function fail(error) {
    if (signal.aborted) return;
    if (!(error instanceof ApiError)) throw error;
    hide(problem, false);
    text(problem, error.message);
  }

  async function load() {
    const { sets } = await get('/api/slicing/profiles', { signal });
    const own = sets.filter((/** @type {any} */ one) => one.source === 'imported');
    hide(none, own.length > 0);
    keyed(list, own, (/** @type {any} */ one) => one.id, (one) => h('li', null, icon('layers'), h('b', null, one.name), h('span', null, [t(`pre.family.${one.family}`), one.presets !== null && t('pre.count', { n: one.presets })].filter(Boolean).join(' · ')),
      h('button.ib', { type: 'button', 'aria-label': t('pre.remove', { name: one.name }), onclick: () => void remove(one) }, icon('trash')), one.warnings.length ? h('ul', null, one.warnings.slice(0, 5).map((/** @type {string} */ words) => h('li', null, words))) : null));
    const names = sets.filter((/** @type {any} */ one) => one.source === 'installed').map((/** @type {any} */ one) => one.name);
    hide(brought, !names.length);
    text(brought, t('pre.brought', { names: names.length > 12 ? `${names.slice(0, 12).join(', ')}, … (${names.length})` : names.join(', ') }));
  }

  /** @param {File} file */
  async function add(file) {
    hide(problem, true);
    button.disabled = true;
    text(button.lastChild, t('pre.adding', { name: file.name }));
    const form = new FormData();
    form.append('file', file, file.name);
    try {
      const response = await fetch('/api/slicing/profiles', { method: 'POST', body: form, signal, headers: { Accept: 'application/json' } });
      const answer = await response.json().catch(() => null);
      if (!response.ok) throw new ApiError(answer?.error?.message ?? t('api.status', { status: response.status }), { status: response.status });
      await load();
    } catch (error) {
      if (error instanceof TypeError) fail(new ApiError(t('api.unreachable')));
      else fail(error);
    } finally {
      input.value = '';
      button.disabled = false;
      text(button.lastChild, t('pre.add'));
    }
  }

  async function remove(/** @type {any} */ one) {
    const { confirm } = await import('./dialogs.js');
    if (!(await confirm({ title: t('pre.remove.title', { name: one.name }), body: [t('pre.remove.body')], ok: t('pre.remove.go'), danger: true }))) return;
    await request('DELETE', `/api/slicing/profiles/${encodeURIComponent(one.id)}`).then(load).catch(fail);
  }

  void load().catch(fail);
  return h('section.card.scard', { 'aria-labelledby': 'pre-h' }, h('h2', { id: 'pre-h' }, t('pre.title')), h('p', null, t('pre.how')), problem, list, none, h('div.row', null, button, input), brought);
}
