// @ts-check
// Settings: sending from a slicer, and the slicers of this machine.
import { h, sheet } from '../html.js';
import { addWords, t } from '../text.js';

addWords({ 'settings.title': 'Settings' });

/** @param {HTMLElement} root @param {AbortSignal} signal */
export async function settingsPage(root, signal) {
  await sheet('files');
  if (signal.aborted) return;
  root.append(h('div.settings-page', null, h('div.top', null, h('h1', null, t('settings.title')))));
}
