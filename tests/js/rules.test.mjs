// Rules of the panel that a reviewer would otherwise have to remember.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const STATIC = join(dirname(fileURLToPath(import.meta.url)), '../../static');
const files = readdirSync(STATIC, { recursive: true, withFileTypes: true }).filter((one) => one.isFile()).map((one) => join(one.parentPath ?? one.path, one.name));
const read = (file) => readFileSync(file, 'utf8');
const scripts = files.filter((file) => file.endsWith('.js'));

test('no string is ever parsed as HTML or code', () => {
  for (const file of scripts) {
    assert.doesNotMatch(read(file), /\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|srcdoc|eval\(|new Function)\b/, file);
    assert.doesNotMatch(read(file), /setAttribute\('(style|on\w+)'/, file);
  }
});

test('the page has no inline script, style or handler', () => {
  const page = read(join(STATIC, 'index.html'));
  assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=/i);
  for (const [tag] of page.matchAll(/<script\b[^>]*>/g)) assert.match(tag, /\ssrc=|type="application\/json"/);
  assert.doesNotMatch(page, /https?:\/\//);
});

test('every word that is asked for by name is in a table', () => {
  const all = scripts.map(read).join('\n');
  const known = new Set([...all.matchAll(/^\s*(?:addWords\(\{)?.*$/gm)].flatMap(([line]) => [...line.matchAll(/(?:'([\w .\-/?]+)'|\b(\w+)): '/g)].map((m) => m[1] ?? m[2])));
  const asked = new Set([...all.matchAll(/\bt\('([^']+)'/g)].map((m) => m[1]));
  assert.deepEqual([...asked].filter((key) => !known.has(key)), []);
});

test('every icon that is named is in the sprite', () => {
  const sprite = new Set([...read(join(STATIC, 'icons.svg')).matchAll(/<symbol id="(\w+)"/g)].map((m) => m[1]));
  const named = scripts.map(read).join('\n').matchAll(/\bicon\('(\w+)'|\bicon: '(\w+)'/g);
  for (const m of named) assert.ok(sprite.has(m[1] ?? m[2]), m[1] ?? m[2]);
});

/** What a browser fetches before the farm is painted: the page, what it names, what that imports. */
function firstView() {
  const found = new Set();
  const add = (file) => {
    if (found.has(file)) return;
    found.add(file);
    const text = read(file);
    if (file.endsWith('.html')) for (const m of text.matchAll(/(?:src|href)="\/static\/([^"#]+)/g)) add(join(STATIC, m[1]));
    if (file.endsWith('.js')) for (const m of text.matchAll(/^import .*?'(\.[^']+)';/gm)) add(join(dirname(file), m[1]));
  };
  add(join(STATIC, 'index.html'));
  for (const later of ['favicon.svg', 'manifest.webmanifest']) found.delete(join(STATIC, later)); // not needed for a paint
  return [...found];
}

test('the first view is at most 14 requests and 60 KB gzip, everything together 225 KB', () => {
  const packed = (list) => list.reduce((sum, file) => sum + gzipSync(readFileSync(file), { level: 9 }).length, 0);
  const first = firstView();
  assert.ok(first.length <= 14, first.join('\n'));
  assert.ok(packed(first) < 60_000, `${packed(first)} bytes`);
  assert.ok(packed(files) < 225_000, `${packed(files)} bytes`);
});
