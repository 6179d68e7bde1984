// @ts-check
// Settings: every rig, where it stands and what it does; the way to those that stand beside no printer.
import { climate } from '../format.js';
import { h, hide, icon, keyed, setIcon, text } from '../html.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { framesWord, lookOf } from './rig-rules.js';

addWords({ 'rigs.title': 'Rigs', 'rigs.how': 'A Raspberry Pi with a camera that makes timelapses by itself. Open one to record, to pause or to take a photo.', 'rigs.at': 'beside {name}' });

/** @param {AbortSignal} signal */
export function rigsCard(signal) {
  const list = h('ul.englist');
  const root = h('section.card.scard', { 'aria-labelledby': 'rigs-h' }, h('h2', { id: 'rigs-h' }, t('rigs.title')), h('p.note', null, t('rigs.how')), list);
  function paint() {
    hide(root, !store.rigs.size);
    keyed(list, [...store.rigs.values()], (rig) => rig.id, () => h('li', null, icon('circle'), h('b', null, h('a.link')), h('span')), (node, rig) => {
      const { tone, icon: name, word } = lookOf(rig);
      const [pic, bold, words] = node.children;
      const beside = store.printers.get(rig.printer_id);
      node.className = `t-${tone}`;
      setIcon(pic, name);
      text(bold.firstChild, rig.name);
      bold.firstChild.href = beside ? `#/p/${encodeURIComponent(beside.id)}` : `#/rig/${encodeURIComponent(rig.id)}`;
      text(words, [beside ? t('rigs.at', { name: beside.name }) : t('rig.room'), word, rig.online && rig.frames > 0 && framesWord(rig.frames), climate(rig.env)].filter(Boolean).join(' · '));
    });
  }
  store.watch((change) => (change.rigs || change.printers === null) && paint(), signal);
  paint();
  return root;
}
