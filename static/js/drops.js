// @ts-check
// A file dropped on a card starts there; anywhere else it opens the dialog.
import { h } from './html.js';
import { store } from './store.js';
import { addWords, t } from './text.js';
import { stateWord } from './parts/card.js';

addWords({
  'drop.page': 'Drop the sliced file to upload it', 'drop.card': 'Drop to print on {name}', 'drop.busy': '{name}: {state}. The file is uploaded; it can wait in the queue.',
});

/** @param {DragEvent} event */
const hasFiles = (event) => event.dataTransfer?.types.includes('Files') ?? false;

export function watchDrops() {
  const words = h('p');
  const frame = h('div.dropframe', { hidden: true }, words);
  document.body.append(frame);
  /** @type {any} */
  let over = null;

  /** @param {any} card */
  function mark(card) {
    over?.art?.classList.remove('is-drop');
    over = card;
    over?.art?.classList.add('is-drop');
    const p = card && store.printers.get(card.dataset.id);
    words.textContent = !p ? t('drop.page') : p.gates?.start?.ok ? t('drop.card', { name: p.name }) : t('drop.busy', { name: p.name, state: stateWord(p) });
  }

  addEventListener('dragenter', (event) => {
    if (!hasFiles(event) || document.querySelector('dialog[open]')) return;
    event.preventDefault();
    frame.hidden = false;
  });
  addEventListener('dragover', (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    const card = event.target instanceof Element ? event.target.closest('pf-printer-card') : null;
    if (!frame.hidden && (card !== over || !words.textContent)) mark(card);
  });
  addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) end();
  });
  addEventListener('drop', async (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    const printer = over?.dataset.id ?? /^#\/p\/([^/]+)/.exec(location.hash)?.[1];
    const files = [...event.dataTransfer?.files ?? []];
    const file = files[0];
    end();
    if (!file || event.target instanceof Element && event.target.closest('dialog')) return;
    if (!printer && (files.length > 1 || location.hash.startsWith('#/files'))) {
      (await import('./uploads.js')).send(files);
      location.hash = '#/files';
      return;
    }
    (await import('./parts/upload.js')).openUpload({ file, printer: printer && decodeURIComponent(printer), queue: location.hash === '#/queue' });
  });

  function end() {
    frame.hidden = true;
    mark(null);
    words.textContent = '';
  }
}
