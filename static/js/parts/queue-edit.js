// @ts-check
// Change a waiting job. Only what was changed is sent, with the revision it is based on.
import { ApiError, request } from '../api.js';
import { h, hide, text } from '../html.js';
import { stem } from '../format.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { answer, frame, modal } from './dialogs.js';
import { reload } from './queue-acts.js';
import { changes, localTime, targetWords } from './queue-rules.js';
import { say } from './toast.js';
import { deadlineField, filamentField } from './wish-fields.js';

addWords({
  'qe.title': 'Edit {name}', 'qe.copies': 'Copies', 'qe.copies.made': 'Copies ({n} are made or on their way)', 'qe.target': 'Printer', 'qe.priority': 'Priority, −10 to 10', 'qe.notbefore': 'Not before', 'qe.notes': 'Notes', 'qe.save': 'Save', 'qe.saved': '{name} was changed', 'qe.again': '{text} Press Save again to set what stands here.',
});

/** Everything a job can be for; what it is for now is always among them. @param {any} now */
function targets(now) {
  const printers = [...store.printers.values()].sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const models = [...new Set(printers.map((p) => p.model).filter(Boolean))].sort();
  const all = [{ any: true }, ...models.map((model) => ({ model })), ...printers.map((p) => ({ printer_id: p.id }))].map((one) => JSON.stringify(one));
  return all.includes(JSON.stringify(now)) ? all : [JSON.stringify(now), ...all];
}

/** @param {Record<string, any>} job */
export async function editDialog(job) {
  let { rev } = job;
  const least = job.copies - job.left;
  const name = (/** @type {string} */ id) => store.printers.get(id)?.name ?? id;
  const copies = h('input', { type: 'number', min: least + 1, max: 1000, value: job.copies, required: true, autofocus: true });
  const target = h('select', null, targets(job.target).map((one) => h('option', { value: one }, targetWords(JSON.parse(one), name))));
  target.value = JSON.stringify(job.target);
  const priority = h('input', { type: 'number', min: -10, max: 10, value: job.priority, required: true });
  const before = h('input', { type: 'datetime-local', value: localTime(job.not_before) });
  const deadline = deadlineField(job.deadline ?? null, () => {});
  const filament = filamentField(job.filament ?? [], () => {});
  const notes = h('textarea', { rows: 2, maxlength: 1000, value: job.notes });
  const said = h('p.problem', { role: 'alert', hidden: true });
  const field = (/** @type {string} */ words, /** @type {any} */ input) => h('label.field', null, words, input);
  const dialog = frame(t('qe.title', { name: stem(job.name) }), [
    h('div.qedit', null, field(least ? t('qe.copies.made', { n: least }) : t('qe.copies'), copies), field(t('qe.priority'), priority), field(t('qe.target'), target), field(t('qe.notbefore'), before), deadline.root), filament.root, field(t('qe.notes'), notes), said,
  ], [answer('no', t('cancel'), '', { type: 'button', onclick: () => dialog.close('no') }), answer('ok', t('qe.save'), '.pri')]);
  const wish = () => ({ copies: copies.valueAsNumber, target: JSON.parse(target.value), priority: priority.valueAsNumber, not_before: before.value ? new Date(before.value).getTime() / 1000 : null, deadline: deadline.value, filament: filament.value, notes: notes.value.trim() });

  async function save() {
    const sent = changes(job, wish());
    try {
      if (Object.keys(sent).length) store.setJob(await request('PATCH', `/api/jobs/${encodeURIComponent(job.id)}`, { rev, ...sent }));
      say(t('qe.saved', { name: stem(job.name) }));
      dialog.close('ok');
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      const stale = error.code === 'stale';
      if (stale) await reload().catch(() => null);
      rev = store.jobs.get(job.id)?.rev ?? rev;
      hide(said, false);
      text(said, stale ? t('qe.again', { text: error.message }) : error.message);
    }
  }

  dialog.firstChild.addEventListener('submit', (/** @type {Event} */ event) => {
    event.preventDefault();
    void save();
  });
  await modal(dialog);
}
