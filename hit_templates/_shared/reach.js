// Asking the server. Only what the network does makes it unreachable: whatever else
// goes wrong is a fault of the page and is thrown on, never taken for "no connection".

const LIMIT_MS = 20_000;

/** No whole answer came: no network, no server, or too late. */
export class Unreachable extends Error {}

/**
 * Ask, and wait for at most `limitMs`.
 *
 * @param {string} url
 * @param {RequestInit} [options]
 * @param {number} [limitMs]
 * @returns {Promise<{ok: boolean, status: number, body: object|null}>} `body` is null
 *   where the answer is no JSON, such as the error page of a proxy in between
 */
export async function reach(url, options = {}, limitMs = LIMIT_MS) {
  // AbortSignal.timeout is newer than the oldest browsers served.
  const limit = new AbortController();
  const request = new Request(url, { ...options, signal: limit.signal });
  const timer = setTimeout(() => limit.abort(), limitMs);
  const { ok, status, text } = await answerTo(request).finally(() => clearTimeout(timer));
  return { ok, status, body: asJson(text) };
}

async function answerTo(request) {
  try {
    const reply = await fetch(request);
    return { ok: reply.ok, status: reply.status, text: await reply.text() };
  } catch (cause) {
    throw new Unreachable(String(cause));
  }
}

function asJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
