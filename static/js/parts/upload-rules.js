// @ts-check
// What the farm's verdicts mean for the dialog: start now, wait in the queue, or never. Pure.

/** @typedef {{level: string, code: string, text: string}} Verdict */

/** What no waiting changes is said before what the printer is doing just now. */
const FOR_GOOD = ['feed', 'wrong_kind', 'wrong_model', 'wrong_flavour'];

/** What the printer is doing, not what the file is: a job can wait for its end. */
const PASSING = new Set(['printer_busy', 'bed_not_clear', 'maintenance', 'printer_offline', 'printer_connecting', 'printer_stale', 'printer_fault', 'printer_unknown', 'start_uncertain', 'storage', 'file_left']);

/** What the farm says of a printer and of each filament there, each thing once.
 * @param {any} fit @returns {Verdict[]} */
export function verdictsOf(fit) {
  const all = [...(fit?.verdicts ?? []), ...(fit?.mapping ?? []).map((/** @type {any} */ m) => m.verdict)];
  return [...new Map(all.map((v) => [`${v.code} ${v.text}`, v])).values()];
}

/** The one reason to show of a printer; undefined when everything fits. @param {any} fit */
export function worstOf(fit) {
  const all = verdictsOf(fit).filter((v) => v.level === fit?.level && v.level !== 'ok');
  return all.find((v) => FOR_GOOD.includes(v.code)) ?? all.find((v) => !PASSING.has(v.code)) ?? all[0];
}

/** The printer takes no such file, whatever it does. @param {any} fit */
export const isNever = (fit) => verdictsOf(fit).some((v) => FOR_GOOD.includes(v.code));

/** "start": at once. "queue": it fits, but not now. "no": something in the file or in the slots is in the way.
 * @param {any} fit @returns {'start' | 'queue' | 'no'} */
export function pathOf(fit) {
  const refusals = verdictsOf(fit).filter((v) => v.level === 'refuse');
  if (!refusals.length) return 'start';
  return refusals.every((v) => PASSING.has(v.code)) ? 'queue' : 'no';
}

/** Whether the file fits a printer, whatever that is doing: "later" is a fit that only has to wait,
 * and of what never fits it is not said what the printer is doing just now.
 * @param {any} fit @returns {{level: string, said: string[]}} */
export function fitOf(fit) {
  const all = verdictsOf(fit).filter((v) => v.level !== 'ok');
  const words = (/** @type {Verdict[]} */ list) => list.map((v) => v.text);
  const path = pathOf(fit);
  if (path === 'start') return { level: fit.level, said: words(all) };
  if (path === 'queue') return { level: 'later', said: words(all) };
  return { level: 'refuse', said: words(all.filter((v) => v.level === 'refuse' && !PASSING.has(v.code))) };
}

/** What keeps it waiting there. @param {any} fit */
export const waitsFor = (fit) => verdictsOf(fit).find((v) => v.level === 'refuse')?.text ?? '';

/** What a person must have looked at before a job may go to one of these: nothing when one of them
 * asks nothing; each question once. @param {any[]} fits @param {Iterable<string>} [confirmed] codes
 * @returns {Verdict[]} */
export function questionsOf(fits, confirmed = []) {
  const done = new Set(confirmed);
  if (done.has('all')) return [];
  const able = fits.filter((fit) => pathOf(fit) !== 'no');
  const asked = (able.length ? able : fits.filter((fit) => !isNever(fit))).map((fit) => verdictsOf(fit).filter((v) => v.level === 'confirm' && !done.has(v.code)));
  if (asked.some((list) => !list.length)) return [];
  return [...new Map(asked.flat().map((v) => [v.code, v])).values()];
}

/** Rows besides the printers: "any of this model", "any that fits".
 * @param {any[]} fits @param {(id: string) => any} printerOf
 * @returns {Array<{key: string, target: any, model: string, fits: any[]}>} */
export function anyRows(fits, printerOf) {
  const able = fits.filter((fit) => !isNever(fit));
  /** @type {Map<string, any[]>} */
  const models = new Map();
  for (const fit of able) {
    const model = printerOf(fit.printer_id)?.model ?? '';
    models.set(model, [...(models.get(model) ?? []), fit]);
  }
  /** @type {Array<{key: string, target: any, model: string, fits: any[]}>} */
  const rows = [...models].filter(([model, list]) => model && list.length > 1)
    .map(([model, list]) => ({ key: `any ${model}`, target: { model }, model, fits: list }));
  if (able.length > 1 && models.size > 1) rows.unshift({ key: 'any', target: { any: true }, model: '', fits: able });
  return rows;
}

const ORDER = { ok: 0, warn: 1, confirm: 2, refuse: 3 };
const PATHS = { start: 0, queue: 1, no: 2 };

/** The wanted printer, then those that can start, that can later, that cannot.
 * @param {any[]} fits @param {string} wanted @param {(id: string) => string} nameOf */
export function sorted(fits, wanted, nameOf) {
  const rank = (/** @type {any} */ fit) => [Number(fit.printer_id !== wanted), PATHS[pathOf(fit)], /** @type {any} */ (ORDER)[fit.level] ?? 1, Number(isNever(fit))];
  return fits.map((fit) => ({ fit, rank: rank(fit) })).sort((a, b) => {
    const at = a.rank.findIndex((value, i) => value !== b.rank[i]);
    return at >= 0 ? a.rank[at] - b.rank[at] : nameOf(a.fit.printer_id).localeCompare(nameOf(b.fit.printer_id), undefined, { numeric: true });
  }).map((one) => one.fit);
}

/** What a job of the queue is wished to be; unset things are left to the farm.
 * @param {{file: any, plate: number, target: any, copies: number, notBefore: number | null, deadline?: number | null, filament?: any[], mapping: number[] | null, options: any, confirm: string[]}} wish */
export function jobBody(wish) {
  return {
    file_id: wish.file.id, plate: wish.plate, target: wish.target, copies: wish.copies,
    ...(wish.notBefore !== null && { not_before: wish.notBefore }),
    ...(wish.deadline && { deadline: wish.deadline }),
    ...(wish.filament?.length && { filament: wish.filament }),
    ...(wish.mapping && wish.target.printer_id && { ams_mapping: wish.mapping }),
    options: wish.options, confirm: wish.confirm,
  };
}
