// @ts-check
// Help and appearance: the keys, the theme, the version.
import { attr, h } from '../html.js';
import { keysOn, setKeys } from '../keys.js';
import { store } from '../store.js';
import { addWords, t } from '../text.js';
import { answer, frame, modal } from './dialogs.js';

addWords({
  'help.title': 'Help and appearance', 'help.keys': 'Keys', 'help.keys.on': 'Use one-key shortcuts', 'help.theme': 'Theme', 'help.theme.auto': 'Like the device', 'help.theme.light': 'Light', 'help.theme.dark': 'Dark',
  'help.version': 'Farm server {v}', 'help.colours': 'Blue: a job moves. Amber: it waits for you. Red: a fault. Green: a part is ready.',
  'key./': 'Find a printer', 'key.?': 'This page', 'key.g f': 'Go to the farm', 'key.g q': 'Go to the queue', 'key.g h': 'Go to the history', 'key.Alt+↑ Alt+↓': 'Move a waiting job', 'key.u': 'Upload & start', 'key.j k': 'Next, previous printer', 'key.Enter': 'Open it', 'key.x': 'Select it', 'key.p': 'Pause it (asks first)', 'key.Esc': 'Close, or back to the farm',
});

const KEYS = ['/', '?', 'g f', 'g q', 'g h', 'u', 'j k', 'Enter', 'x', 'p', 'Alt+↑ Alt+↓', 'Esc'];

export function helpDialog() {
  if (document.querySelector('dialog[open]')) return;
  const theme = localStorage.getItem('theme') ?? 'auto';
  const themes = ['auto', 'light', 'dark'].map((name) => h('label.ck', null, h('input', {
    type: 'radio', name: 'theme', value: name, checked: theme === name,
    onchange: () => {
      if (name === 'auto') localStorage.removeItem('theme');
      else localStorage.setItem('theme', name);
      attr(document.documentElement, 'data-theme', name === 'auto' ? null : name);
    },
  }), t(`help.theme.${name}`)));
  void modal(frame(t('help.title'), [
    h('fieldset.inline', null, h('legend', null, t('help.theme')), themes),
    h('h3', null, t('help.keys')),
    h('dl.keys', null, KEYS.map((key) => h('div', null, h('dt', null, key.split(' ').map((one) => h('kbd', null, one))), h('dd', null, t(`key.${key}`))))),
    h('label.ck', null, h('input', { type: 'checkbox', checked: keysOn(), onchange: (/** @type {any} */ e) => setKeys(e.target.checked) }), t('help.keys.on')),
    h('p.hint', null, t('help.colours')),
    store.server.version && h('p.hint', null, t('help.version', { v: store.server.version })),
  ], [answer('ok', t('close'), '.pri', { autofocus: true })]));
}
