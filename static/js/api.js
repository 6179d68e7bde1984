// @ts-check
// HTTP to the farm: plain status codes, one error type, uploads with progress.
import { t } from './text.js';

/** What the server said no with, in its own words. */
export class ApiError extends Error {
  /** @param {string} message @param {{status?: number, code?: string, details?: any}} [more] */
  constructor(message, more = {}) {
    super(message);
    this.name = 'ApiError';
    this.status = more.status ?? 0;
    this.code = more.code ?? '';
    this.details = more.details ?? {};
  }
}

/** @param {number} status @param {any} body */
function refusal(status, body) {
  const said = body?.error ?? {};
  const words = said.message || (status === 401 ? t('api.signin') : t('api.status', { status }));
  return new ApiError(words, { status, code: said.code, details: said.details });
}

/** The JSON of an answer, or null when it has none. @param {string} words */
function parse(words) {
  try {
    return JSON.parse(words);
  } catch {
    return null;
  }
}

/**
 * @param {string} method @param {string} path @param {any} [body] sent as JSON
 * @param {{signal?: AbortSignal, timeout?: number}} [options] timeout in ms, 0 = none
 * @returns {Promise<any>}
 */
export async function request(method, path, body, options = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json' };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (method !== 'GET') headers['Idempotency-Key'] = key();
  const timeout = AbortSignal.timeout(options.timeout || 30000);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  let response;
  try {
    response = await fetch(path, { method, headers, signal, credentials: 'same-origin', body: body === undefined ? undefined : JSON.stringify(body) });
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw new ApiError(timeout.aborted ? t('api.timeout') : t('api.unreachable'));
  }
  const answer = parse(await response.text());
  if (!response.ok) throw refusal(response.status, answer);
  return answer;
}

/** crypto.randomUUID exists on https and localhost only; a farm is often plain http. */
function key() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

/** @param {string} path @param {{signal?: AbortSignal, timeout?: number}} [options] */
export const get = (path, options) => request('GET', path, undefined, options);

/** @param {string} path @param {any} [body] @param {{timeout?: number}} [options] */
export const post = (path, body = {}, options) => request('POST', path, body, options);

/** @param {string} id @param {string} action @param {any} [args] */
export const act = (id, action, args) => post(`/api/printers/${encodeURIComponent(id)}/${action}`, args);

/**
 * Uploads one file to the library. XMLHttpRequest, because fetch tells no upload progress.
 * @param {File} file @param {(sent: number, total: number) => void} progress @param {AbortSignal} signal
 * @returns {Promise<any>} the stored file's manifest
 */
export function upload(file, progress, signal) {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    const form = new FormData();
    form.append('file', file, file.name);
    xhr.upload.onprogress = (event) => event.lengthComputable && progress(event.loaded, event.total);
    xhr.onload = () => {
      const answer = parse(xhr.responseText);
      if (xhr.status >= 200 && xhr.status < 300) resolve(answer);
      else reject(refusal(xhr.status, answer));
    };
    xhr.onerror = () => reject(new ApiError(t('api.uploadlost')));
    xhr.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    signal.addEventListener('abort', () => xhr.abort());
    xhr.open('POST', '/api/files');
    xhr.setRequestHeader('Accept', 'application/json');
    xhr.send(form);
  });
}
