// Loaded first, as a classic script: whatever goes wrong later is shown on the page, not only in
// a console that nobody on a shop floor opens.
(() => {
  'use strict';
  /** @type {HTMLElement | null} */
  let bar = null;
  let count = 0;

  /** @param {string} text */
  function show(text) {
    count += 1;
    if (!document.body) {
      addEventListener('DOMContentLoaded', () => show(text), { once: true });
      return;
    }
    if (!bar) {
      bar = document.createElement('div');
      bar.className = 'errbar';
      bar.setAttribute('role', 'alert');
      document.body.append(bar);
    }
    const words = document.createElement('span');
    words.textContent = count > 1
      ? `This page had ${count} errors. What it shows may be incomplete.`
      : 'This page had an error. What it shows may be incomplete.';
    const again = document.createElement('button');
    again.className = 'btn sm';
    again.textContent = 'Reload';
    again.addEventListener('click', () => location.reload());
    const detail = document.createElement('pre');
    detail.textContent = text;
    bar.replaceChildren(words, again, detail);
  }

  /** @param {unknown} error */
  const describe = (error) =>
    error instanceof Error ? error.stack || `${error.name}: ${error.message}` : String(error);

  addEventListener('error', (event) => {
    if (event.message?.startsWith('ResizeObserver loop')) return;
    const target = event.target;
    if (target instanceof HTMLScriptElement) show(`Could not load ${target.src}`);
    else if (event.error || event.message) show(describe(event.error || event.message));
  }, true);
  addEventListener('unhandledrejection', (event) => {
    if (event.reason?.name !== 'AbortError') show(describe(event.reason));
  });
})();
