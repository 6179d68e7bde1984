// @ts-check
// Every question the panel asks. The safe answer has the focus; the dangerous one says what it does.
import { ApiError, get, post } from '../api.js';
import { clockS, dur, evidenceOf, pausedBy, stem } from '../format.js';
import { command } from '../commands.js';
import { h, icon, sheet } from '../html.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { turn } from './card.js';
import { rescueToasts, toast } from './toast.js';

addWords({
  'stop.title': 'Stop this print?', 'stop.body': ' on {name} is {pct} done, after {d}. A stopped print can’t be continued.', 'stop.body.short': ' on {name} will end. A stopped print can’t be continued.',
  'stop.hint': 'Smoke, fire or a crash? Use the switch on the printer first.', 'stop.keep': 'Keep printing', 'stop.go': 'Stop print',
  'stops.title': 'Stop {n} prints?', 'stops.body': 'Stopped prints can’t be continued.', 'stops.go': 'Stop {n} prints', 'stops.keep': 'Keep printing', 'stops.row': '{job}, {pct}, {d} lost',
  'fault.title': 'Clear the fault on {name}?', 'fault.body': 'This only clears the message on the printer. It repairs nothing: look at the printer first.', 'fault.go': 'Clear message', 'fault.help': 'Read more: {url}',
  'resume.title': 'Resume {name}?', 'resume.body': 'It paused by itself. Look at the picture, or at the printer, before it goes on.', 'resume.go': 'Resume', 'resume.then': 'What was judged', 'resume.compare': 'Compare the two pictures, or look at the printer, before it goes on.', 'resume.now': 'Now', 'resume.alt': 'Latest picture of {name}',
  'human.title': 'Did {job} start on {name}?', 'human.body': 'The farm sent the start and cannot be sure what became of it. Look at the printer; the farm sends nothing until you answer.', 'human.yes': 'Yes, it prints', 'human.no': 'No, nothing started', 'human.giveup': 'Give this job up',
  'human.end.title': 'How did {job} end on {name}?', 'human.end.body': 'It is over, and the farm was not watching when it ended. Look at the part; until you answer it counts neither as done nor as failed.', 'human.gone.body': 'Its printer is not in the configuration any more, so the farm does not see how it ends. Look at the part, or enter the printer again; until then it counts neither as done nor as failed.', 'human.good': 'It is good', 'human.bad': 'It failed',
  'human.wait.title': 'Waiting for {name} to stay quiet', 'human.wait.body': 'The file was removed from {name}. A start that the printer took just before would show in this time. The answer is then sent by itself; if you close this, give it again later.', 'human.wait.left': '{d} left.',
  'trust.title': 'Trust another certificate on {name}?', 'trust.body': 'The printer’s certificate is not the one the farm saw first. That is normal after a factory reset or a new mainboard. If nothing was changed on the printer, another device may be answering at its address: then do not trust it. No access code or key has been sent.',
  'trust.old': 'Trusted until now (SHA-256)', 'trust.new': 'Answering now (SHA-256)', 'trust.go': 'Trust the new one', 'trust.none': 'not known', 'trust.done': '{name}: certificate trusted, connecting',
  'sheet.ok': 'done',
  'skip.title': 'Skip objects on {name}', 'skip.body': 'The printer leaves these objects out from now on. Skipping cannot be undone.', 'skip.go': 'Skip {n}', 'skip.current': 'being printed now', 'skip.none': 'The file names no objects that can be skipped.',
  'restart.firmware-restart': 'Restart the firmware of {name}?', 'restart.host-restart': 'Restart Klipper on {name}?', 'restart.body': 'Heaters go off and the head’s position is forgotten. Look at the printer first: Klipper stops for a reason.', 'restart.go': 'Restart',
  'maint.title': 'Take {name} out of work?', 'maint.body': 'No job is started on it until maintenance ends.', 'maint.note': 'Note (optional)', 'maint.go': 'Start maintenance',
  'cal.title': 'Calibrate {name}', 'cal.body': 'The head and the bed will move. The bed must be empty.', 'cal.go': 'Start calibration', 'cal.bed_level': 'Bed levelling', 'cal.vibration': 'Vibration', 'cal.motor_noise': 'Motor noise', 'cal.lidar': 'Lidar', 'cal.nozzle_offset': 'Nozzle offset',
  'hot.title': 'Heat the nozzle to {c} °C?', 'hot.body': 'Above 260 °C only an all-metal hotend survives. Is one fitted?', 'hot.go': 'Heat to {c} °C',
});

/** Opens a <dialog> and removes it when it closes. Resolves to its return value.
 * @param {any} dialog @returns {Promise<string>} */
export async function modal(dialog) {
  await sheet('views');
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => dialog.addEventListener('close', () => {
    rescueToasts();
    dialog.remove();
    resolve(dialog.returnValue);
  }));
}

let count = 0;

/** @param {string} title @param {any[]} body @param {any[]} buttons */
export function frame(title, body, buttons) {
  const id = `dialog-${++count}`;
  return h('dialog', { 'aria-labelledby': id, closedby: 'any' }, h('form', { method: 'dialog' }, h('h2', { id }, title), body, h('menu', null, buttons)));
}

/** @param {string} value @param {string} words @param {string} [cls] @param {Record<string, any>} [props] */
export const answer = (value, words, cls = '', props = {}) => h(`button.btn${cls}`, { value, ...props }, words);

/** @param {{title: string, body?: string[], ok: string, danger?: boolean, no?: string}} question */
export async function confirm({ title, body = [], ok, danger = false, no = t('cancel') }) {
  const said = await modal(frame(title, body.filter(Boolean).map((words) => h('p', null, words)),
    [answer('no', no, '', { autofocus: true }), answer('ok', ok, danger ? '.danger' : '.pri')]));
  return said === 'ok';
}

/** @param {any} p */
const spent = (p) => (p.job?.total_s && p.job?.left_s !== null ? Math.max(0, p.job.total_s - p.job.left_s) : null);

/** @param {any} p */
export async function stopDialog(p) {
  const gone = spent(p);
  const words = p.job?.pct !== null && p.job?.pct !== undefined && gone !== null
    ? t('stop.body', { name: p.name, pct: `${Math.floor(p.job.pct)}%`, d: dur(gone) }) : t('stop.body.short', { name: p.name });
  const said = await modal(frame(t('stop.title'), [h('p', null, h('b', null, stem(p.job?.name) || t('card.part')), words), h('p.hint', null, t('stop.hint'))],
    [answer('no', t('stop.keep'), '', { autofocus: true }), answer('stop', t('stop.go'), '.danger')]));
  if (said === 'stop') await command(p.id, 'stop');
}

/** Lists what is lost; the red button works after a second. @param {any[]} printers */
export async function stopManyDialog(printers) {
  const go = answer('stop', t('stops.go', { n: printers.length }), '.danger', { disabled: true });
  setTimeout(() => { go.disabled = false; }, 1000);
  const rows = printers.map((p) => h('li', null, h('b', null, p.name), h('span', null, t('stops.row', { job: stem(p.job?.name), pct: `${Math.floor(p.job?.pct ?? 0)}%`, d: dur(spent(p) ?? 0) }))));
  return (await modal(frame(t('stops.title', { n: printers.length }), [h('p', null, t('stops.body')), h('ul.rows', null, rows)],
    [answer('no', t('stops.keep'), '', { autofocus: true }), go]))) === 'stop';
}

/** @param {any[]} printers @returns {Promise<string[]>} the ticked ones */
export async function clearManyDialog(printers) {
  const boxes = printers.map((p) => h('input', { type: 'checkbox', value: p.id, onchange: () => paint() }));
  const go = answer('ok', '', '.pri');
  const ticked = () => boxes.filter((b) => b.checked).map((b) => b.value);
  const paint = () => {
    go.textContent = t('bulk.clear.go', { n: ticked().length });
    go.disabled = !ticked().length;
  };
  paint();
  const rows = printers.map((p, i) => h('li', null, h('label.ck', null, boxes[i], h('span', null, h('b', null, p.name), ' ', h('small', null, stem(p.bed?.name) || p.bed?.why || '')))));
  const said = await modal(frame(t('bulk.clear.title'), [h('p', null, t('bulk.clear.body')), h('ul.rows', null, rows)], [answer('no', t('cancel'), '', { autofocus: true }), go]));
  return said === 'ok' ? ticked() : [];
}

/** @param {string} title @param {Array<{name: string, ok: boolean, why: string}>} results */
export function resultSheet(title, results) {
  const rows = results.map((r) => h(`li.t-${r.ok ? 'ok' : 'warn'}`, null, icon(r.ok ? 'check' : 'triangle', 'tone'), h('div', null, h('b', null, r.name), h('span', null, r.ok ? t('sheet.ok') : r.why))));
  return modal(frame(t('bulk.sheet', { what: title }), [h('ul.rows', null, rows)], [answer('ok', t('close'), '.pri', { autofocus: true })]));
}

/** @param {any} p */
export async function clearFaultDialog(p) {
  const faults = p.faults?.length ? p.faults : [p.fault].filter(Boolean);
  const rows = faults.map((/** @type {any} */ f) => h('li', null, h('div', null, h('b', null, f.text), h('code', null, f.code), f.help && h('small', null, t('fault.help', { url: f.help })))));
  const said = await modal(frame(t('fault.title', { name: p.name }), [h('ul.rows', null, rows), h('p', null, t('fault.body'))],
    [answer('no', t('cancel'), '', { autofocus: true }), answer('ok', t('fault.go'), '.pri')]));
  if (said === 'ok') await command(p.id, 'clear-fault', { });
}

/** What the camera sees now, gone again where it sees nothing. @param {any} p */
function lookNow(p) {
  if (p.cam?.mode !== 'jpeg' || !p.conn?.online) return null;
  const picture = h('img.look', { src: `/api/camera/snapshot?printer_id=${encodeURIComponent(p.id)}&_=${Date.now()}`, alt: t('resume.alt', { name: p.name }), onerror: () => picture.remove() });
  turn(picture, p.cam);
  return picture;
}

/** A picture and what it is. @param {any} picture or its address @param {string} words @param {string} [alt] @param {any} [cam] */
function looked(picture, words, alt = '', cam = null) {
  if (!picture) return null;
  const img = typeof picture === 'string' ? h('img.look', { src: picture, alt }) : picture;
  if (img !== picture) turn(img, cam);
  return h('figure', null, img, h('figcaption', null, words));
}

/** @param {any} p */
export async function resumeDialog(p) {
  const why = pausedBy(p);
  const proof = evidenceOf(p);
  const pictures = h('div.looks', null, proof && looked(proof, t('resume.then'), t('watch.alt', { name: p.name }), p.cam), looked(lookNow(p), t('resume.now')));
  const said = await modal(frame(t('resume.title', { name: p.name }), [why && h('p', null, h('b', null, why)), h('p', null, t(proof ? 'resume.compare' : 'resume.body')), pictures],
    [answer('no', t('cancel'), '', { autofocus: true }), answer('ok', t('resume.go'), '.pri')]));
  if (said === 'ok') await command(p.id, 'resume');
}

/** One line of evidence, whether it comes as words or as {at, text}. @param {any} line */
const evidence = (line) => h('li', null, typeof line === 'string' ? line : `${line.at ? `${clockS(line.at)}  ` : ''}${line.text ?? ''}`);

/** `over`: somebody said that it prints, and the printer says that nothing does. @param {any} p @param {boolean} [over] */
export async function needsHumanDialog(p, over = false) {
  const id = p.job?.job_id;
  const job = store.jobs.get(id) ?? (id ? await get(`/api/jobs/${encodeURIComponent(id)}`).catch(() => null) : null) ?? p.job ?? {};
  const lines = job.evidence ?? p.job?.evidence ?? [job.text ?? p.job?.text].filter(Boolean);
  const name = stem(p.job?.name ?? job.name) || t('card.part');
  const gone = job.error?.code === 'printer_gone';
  const unseen = over || gone || job.error?.code === 'end_unseen';
  const buttons = unseen ? [over && answer('not_started', t('human.no')), answer('failed', t('human.bad'), '.stop', { autofocus: true }), answer('finished', t('human.good'), '.pri')]
    : [answer('give_up', t('human.giveup'), '.stop'), answer('not_started', t('human.no'), '', { autofocus: true }), answer('printing', t('human.yes'), '.pri')];
  const outcome = await modal(frame(t(unseen ? 'human.end.title' : 'human.title', { job: name, name: p.name }), [h('p', null, t(gone ? 'human.gone.body' : unseen ? 'human.end.body' : 'human.body')), h('ul.evidence', null, lines.map(evidence)), lookNow(p)], buttons));
  if (!['give_up', 'not_started', 'printing', 'finished', 'failed'].includes(outcome)) return;
  let why = 'again';
  while (why === 'again') why = await refused(id, { outcome, rev: job.rev }, p.name);
  if (why === 'not_printing') await needsHumanDialog(p, true);
}

/** Sends a person's answer. "again" when it is to be sent again (the farm had to wait, and the person did), else why not, "" = taken.
 * @param {string} id @param {{outcome: string, rev: number}} said @param {string} name */
async function refused(id, said, name) {
  try {
    await post(`/api/jobs/${encodeURIComponent(id)}/resolve`, said);
    return '';
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.code === 'too_early') return await waited(id, error.details.seconds, name) ? 'again' : error.code;
    toast(error.message, { tone: 'fault' });
    return error.code;
  }
}

/** Counts down the quiet period. False when the person leaves, or the job is no longer in doubt.
 * @param {string} id @param {number} seconds @param {string} name */
async function waited(id, seconds, name) {
  const end = Date.now() + seconds * 1000;
  const left = h('p', null);
  const dialog = frame(t('human.wait.title', { name }), [h('p', null, t('human.wait.body', { name })), left], [answer('no', t('close'), '', { autofocus: true })]);
  const tick = () => {
    const rest = Math.ceil((end - Date.now()) / 1000);
    left.textContent = t('human.wait.left', { d: dur(rest) });
    if (rest <= 0) dialog.close('over');
    else if (!['needs_human', undefined].includes(store.jobs.get(id)?.state)) dialog.close('no');
  };
  tick();
  const timer = setInterval(tick, 1000);
  const over = (await modal(dialog)) === 'over';
  clearInterval(timer);
  return over;
}

/** @param {any} p */
export async function trustDialog(p) {
  // The printer's own words name both sums: the known one first.
  const [pinned, presented] = p.message?.match(/[0-9a-f]{64}/g) ?? [];
  const said = await modal(frame(t('trust.title', { name: p.name }), [h('p', null, t('trust.body')), h('dl.sums', null, h('dt', null, t('trust.old')), h('dd', null, h('code', null, pinned ?? t('trust.none'))), h('dt', null, t('trust.new')), h('dd', null, h('code', null, presented ?? t('trust.none')))), !presented && h('p', null, p.message)],
    [answer('no', t('cancel'), '', { autofocus: true }), answer('ok', t('trust.go'), '.danger', { disabled: !presented })]));
  if (said === 'ok' && (await command(p.id, 'trust', { sha256: presented }))) toast(t('trust.done', { name: p.name }), { tone: 'ok' });
}

/** The printer's own list where it has one (Klipper), else the file's (Bambu). @param {any} job */
async function skippable(job) {
  if (job?.objects?.length) return job.objects.filter((/** @type {any} */ o) => !o.skipped);
  const file = job?.file_id ? await get(`/api/files/${encodeURIComponent(job.file_id)}`).catch(() => null) : null;
  const plate = file?.plates?.find((/** @type {any} */ one) => one.index === (job?.plate ?? 1));
  const gone = new Set(job?.skipped ?? []);
  return (plate?.objects ?? []).filter((/** @type {any} */ o) => !gone.has(o.id));
}

/** @param {any} p */
export async function skipDialog(p) {
  const objects = await skippable(p.job);
  const boxes = objects.map((/** @type {any} */ o) => h('input', { type: 'checkbox', value: String(o.id), onchange: () => paint() }));
  const go = answer('ok', '', '.danger');
  const ids = () => boxes.filter((/** @type {any} */ b) => b.checked).map((/** @type {any} */ b) => Number(b.value));
  const paint = () => {
    go.textContent = t('skip.go', { n: ids().length });
    go.disabled = !ids().length;
  };
  paint();
  const body = objects.length ? h('ul.rows', null, objects.map((/** @type {any} */ o, /** @type {number} */ i) => h('li', null, h('label.ck', null, boxes[i], h('span', null, o.name, o.current && h('em', null, t('skip.current'))))))) : h('p', null, t('skip.none'));
  const said = await modal(frame(t('skip.title', { name: p.name }), [h('p', null, t('skip.body')), body], [answer('no', t('cancel'), '', { autofocus: true }), go]));
  if (said === 'ok') await command(p.id, 'skip-objects', { ids: ids() });
}

/** Klipper's two restarts. Nothing runs then, but heaters go cold and the position is lost.
 * @param {any} p @param {'firmware-restart' | 'host-restart'} action */
export async function restartDialog(p, action) {
  const sure = await confirm({ title: t(`restart.${action}`, { name: p.name }), body: [t('restart.body')], ok: t('restart.go') });
  if (sure) await command(p.id, action);
}

/** @param {any} p */
export async function maintenanceDialog(p) {
  const note = h('input', { type: 'text', maxlength: 120 });
  const said = await modal(frame(t('maint.title', { name: p.name }), [h('p', null, t('maint.body')), h('label.field', null, t('maint.note'), note)],
    [answer('no', t('cancel'), '', { type: 'button', onclick: (/** @type {any} */ e) => e.target.closest('dialog').close('no') }), answer('ok', t('maint.go'), '.pri')]));
  if (said === 'ok') await command(p.id, 'maintenance', { on: true, note: note.value.trim() });
}

/** @param {any} p */
export async function calibrateDialog(p) {
  const kinds = ['bed_level', 'vibration', 'motor_noise'];
  const boxes = kinds.map((kind) => h('input', { type: 'checkbox', value: kind, checked: kind === 'bed_level' }));
  const said = await modal(frame(t('cal.title', { name: p.name }), [h('p', null, t('cal.body')), h('ul.rows', null, kinds.map((kind, i) => h('li', null, h('label.ck', null, boxes[i], t(`cal.${kind}`)))))],
    [answer('no', t('cancel'), '', { autofocus: true }), answer('ok', t('cal.go'), '.pri')]));
  const chosen = boxes.filter((b) => b.checked).map((b) => b.value);
  if (said === 'ok' && chosen.length) await command(p.id, 'calibrate', { kinds: chosen });
}
