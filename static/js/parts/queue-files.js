// @ts-check
// What the files of the queue's jobs are made of; each file is asked for once.
import { ApiError, get } from '../api.js';

const ONE_BY_ONE = 8;

/** @type {Map<string, any>} file id → its manifest; null = asked for, or gone */
const known = new Map();

/** The plate a job prints; undefined while nothing is known of its file. @param {Record<string, any>} job */
export function plateOf(job) {
  return known.get(job.file_id)?.plates.find((/** @type {any} */ one) => one.index === job.plate);
}

/** Each material once, with its colours, and all grams. @param {any} plate
 * @returns {{types: string, colors: string[], grams: number | null}} */
export function materialOf(plate) {
  const filaments = plate?.filaments ?? [];
  return {
    types: [...new Set(filaments.map((/** @type {any} */ f) => f.type).filter(Boolean))].join(' + '),
    colors: filaments.map((/** @type {any} */ f) => f.color ?? '').slice(0, 6),
    grams: plate?.grams ?? null,
  };
}

/** Fetches what is missing. True when there is something new to show.
 * @param {Iterable<Record<string, any>>} jobs @param {AbortSignal} signal */
export async function fetchFiles(jobs, signal) {
  const missing = [...new Set([...jobs].map((job) => job.file_id))].filter((id) => id && !known.has(id));
  if (!missing.length) return false;
  for (const id of missing) known.set(id, null);
  try {
    const found = missing.length > ONE_BY_ONE ? (await get('/api/files', { signal })).files : await Promise.all(missing.map((id) => one(id, signal)));
    for (const file of found) if (file) known.set(file.id, file);
    return true;
  } catch (error) {
    for (const id of missing) known.delete(id);
    if (signal.aborted || error instanceof ApiError) return false;
    throw error;
  }
}

/** A file that is gone is no reason to show nothing of the others.
 * @param {string} id @param {AbortSignal} signal */
async function one(id, signal) {
  try {
    return await get(`/api/files/${encodeURIComponent(id)}`, { signal });
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
