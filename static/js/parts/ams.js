// @ts-check
// What is loaded where, and what may be done with it.
import { attr, cssVar, h, hide, icon, keyed, text } from '../html.js';
import { applyGate, gate, knows } from '../gates.js';
import { command } from '../commands.js';
import { css, dur } from '../format.js';
import { t } from '../text.js';

/** @param {string} id */
export function amsCard(id) {
  let open = '';
  /** @type {any} */
  let printer = null;
  const units = h('div');
  const none = h('p.hum', null, t('ams.none'));
  const root = h('section.card.ams', { 'aria-label': t('ams.filament') }, units, none);

  /** @param {any} tray */
  const slot = (tray) => h('li', null, h('button', { type: 'button', 'aria-expanded': 'false', onclick: () => { open = open === tray.slot ? '' : tray.slot; paint(printer); } }, h('span.spool'), h('b'), h('span'), h('em')));

  /** @param {any} node @param {any} tray */
  function paintSlot(node, tray) {
    const button = node.firstChild;
    const [spool, type, remain, mark] = button.children;
    const used = tray.slot === printer.tray;
    const cls = used ? 'on' : '';
    if (button.className !== cls) button.className = cls;
    spool.classList.toggle('none', Boolean(tray.empty));
    cssVar(spool, '--c', css(tray.color) || 'transparent');
    cssVar(spool, '--r', String(tray.remain ?? 0));
    text(type, tray.empty ? t('ams.empty') : tray.type || t('tray.unknown'));
    text(remain, tray.remain === null || tray.remain === undefined ? '' : `${tray.remain} %`);
    text(mark, used ? t('ams.inuse', tray) : tray.slot === printer.next_tray ? t('ams.next', tray) : tray.slot);
    mark.className = used || tray.slot === printer.next_tray ? '' : 'q';
    attr(button, 'aria-expanded', String(open === tray.slot));
  }

  const unitNode = () => h('div.amsunit', null, h('header', null, h('h2'), h('span.hum', null, icon('drop'), h('span'))), h('ul.slots'), h('div.slotbox', { hidden: true }, h('b'), h('p'), h('div.row', null,
    button('load', t('ams.load')), button('unload', t('ams.unload')), button('tray', t('ams.select')))));

  /** @param {string} action @param {string} words */
  function button(action, words) {
    return h('button.btn.sm', { type: 'button', data: { action }, onclick: () => command(id, action, { slot: open }) }, words);
  }

  /** @param {any} node @param {any} unit */
  function paintUnit(node, unit) {
    const [head, list, box] = node.children;
    text(head.firstChild, unit.title);
    hide(head.lastChild, !unit.air);
    text(head.lastChild.lastChild, unit.air);
    keyed(list, unit.trays, (/** @type {any} */ tray) => tray.slot, slot, paintSlot);
    const tray = unit.trays.find((/** @type {any} */ one) => one.slot === open);
    hide(box, !tray);
    if (tray) paintBox(box, tray);
  }

  /** @param {any} box @param {any} tray */
  function paintBox(box, tray) {
    const [title, note, row] = box.children;
    text(title, [tray.slot, tray.empty ? t('ams.empty') : tray.name || tray.type || t('tray.unknown')].join(' · '));
    const chosen = tray.slot === printer.next_tray;
    const verdicts = [...row.children].map((one) => {
      const verdict = gate(printer, one.dataset.action);
      hide(one, !knows(printer, one.dataset.action) || (one.dataset.action === 'unload' && tray.slot !== printer.tray) || (one.dataset.action === 'load' && tray.slot === printer.tray));
      applyGate(one, verdict);
      return one.hidden ? { ok: true, why: '' } : verdict;
    });
    text(row.lastChild, chosen ? t('ams.selected') : t('ams.select'));
    attr(row.lastChild, 'aria-pressed', String(chosen));
    const words = [...new Set(verdicts.filter((v) => !v.ok).map((v) => v.why))].join(' ');
    text(note, words);
    hide(note, !words);
  }

  /** @param {any} p */
  function paint(p) {
    printer = p;
    const list = (p.ams ?? []).map((/** @type {any} */ u) => ({ key: `u${u.id}`, title: [t('ams.unit', { kind: (u.kind || 'AMS').replace(/ HT$/, ''), label: u.label }), u.nozzle && t(`heater.${u.nozzle === 'left' ? 'nozzle2' : 'right'}`)].filter(Boolean).join(' · '), air: air(u), trays: u.trays }));
    if (p.external?.length) list.push({ key: 'ext', title: t('ams.external'), air: '', trays: p.external });
    keyed(units, list, (unit) => unit.key, unitNode, paintUnit);
    units.querySelector('[data-key=ext]')?.classList.add('ext');
    hide(none, list.length > 0);
    hide(root, !list.length && (!p.conn?.online || !knows(p, 'load')));
  }

  /** @param {any} u */
  function air(u) {
    return [u.drying_min ? t('ams.drying', { d: dur(u.drying_min * 60) }) : '', u.hum !== null && u.hum !== undefined ? t('ams.humidity', { n: u.hum }) : u.hum_level ? t('ams.level', { n: u.hum_level }) : '', u.temp !== null && u.temp !== undefined ? `${Math.round(u.temp)}°` : ''].filter(Boolean).join(' · ');
  }
  return { root, paint };
}
