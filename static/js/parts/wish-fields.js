// @ts-check
// Until when a job is to be done, and what it has to be made of: the same fields wherever a job is
// added or changed.
import { attr, h, hide } from '../html.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { localTime } from './queue-rules.js';
import { COLORS, formOf, wishOf } from './wish-rules.js';

addWords({
  'wf.deadline': 'Done by', 'wf.made': 'Made of', 'wf.wish': 'Filament wish', 'wf.free': 'As the file says, any colour', 'wf.type': 'This material, any colour', 'wf.family': 'This material and colour family', 'wf.exact': 'This very colour', 'wf.several': 'As it is: one wish for each filament',
  'wf.material': 'Material', 'wf.material.hint': 'As the file says', 'wf.color': 'Colour', 'wf.color.file': 'As in the file', 'wf.color.own': 'Choose…', 'wf.color.pick': 'Which colour', 'wf.note': 'All filaments of the plate are meant. A file sliced for another material is refused.',
});

/** @param {number | null} at epoch s @param {() => void} changed */
export function deadlineField(at, changed) {
  const input = h('input', { type: 'datetime-local', value: localTime(at), oninput: changed });
  return {
    root: h('label.field', null, t('wf.deadline'), input),
    /** Epoch s, null = none. */
    get value() {
      const found = input.value ? new Date(input.value).getTime() / 1000 : NaN;
      return Number.isFinite(found) ? found : null;
    },
  };
}

/** Materials that are loaded somewhere: nobody has to type them. */
function loaded() {
  const trays = [...store.printers.values()].flatMap((p) => [...(p.ams ?? []).flatMap((/** @type {any} */ u) => u.trays), ...(p.external ?? [])]);
  return [...new Set(trays.map((tray) => tray.type).filter(Boolean))].sort();
}

/** @param {any[]} now the job's wishes @param {() => void} changed */
export function filamentField(now, changed) {
  const form = formOf(now);
  const option = (/** @type {string} */ value, /** @type {string} */ words) => h('option', { value }, words);
  const paint = () => {
    const some = match.value !== 'free' && match.value !== 'several';
    hide(material.parentNode, !some);
    hide(color.parentNode, match.value !== 'family' && match.value !== 'exact');
    for (const one of color.options) {
      const off = match.value === 'exact' ? one.value.length === 6 : one.value === 'own';
      hide(one, off);
      one.disabled = off;
      if (off && one.selected) color.value = '';
    }
    hide(pick.parentNode, color.parentNode.hidden || color.value !== 'own');
    hide(note, !some);
  };
  const set = () => { paint(); changed(); };
  const match = h('select', { onchange: set }, ['free', 'type', 'family', 'exact', ...(form.match === 'several' ? ['several'] : [])].map((one) => option(one, t(`wf.${one}`))));
  const list = `wf-${Math.random().toString(36).slice(2)}`;
  const material = h('input', { type: 'text', maxlength: 40, value: form.type, placeholder: t('wf.material.hint'), list, oninput: set, autocomplete: 'off' });
  const color = h('select', { onchange: set }, option('', t('wf.color.file')), COLORS.map(([word, rgb]) => option(rgb, word)), option('own', t('wf.color.own')));
  const pick = h('input', { type: 'color', value: `#${form.color || '1A1A1A'}`, oninput: changed });
  const note = h('small.note', null, t('wf.note'));
  const field = (/** @type {string} */ words, /** @type {any} */ input) => h('label.field', null, t(words), input);
  const root = h('div.wishes', { role: 'group', 'aria-label': t('wf.wish') }, field('wf.made', match), field('wf.material', material), field('wf.color', color), field('wf.color.pick', pick), note, h('datalist', { id: list }, loaded().map((one) => h('option', { value: one }))));
  match.value = form.match;
  color.value = form.match === 'exact' && form.color ? 'own' : form.family;
  attr(note, 'hidden', '');
  paint();
  return {
    root,
    /** The wishes as the farm takes them; [] = none. @returns {any[]} */
    get value() {
      if (match.value === 'several') return now;
      return wishOf({ match: match.value, type: material.value.trim(), family: color.value === 'own' ? '' : color.value, color: color.value === 'own' ? pick.value.slice(1).toUpperCase() : '' });
    },
  };
}
