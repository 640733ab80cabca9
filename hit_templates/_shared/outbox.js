// Responses on their way to the server. Each has a key made here, so that the
// server can tell a retry from a second response; each is kept in localStorage
// until the server says it has it, under an entry of its own, so that two open
// tabs never overwrite each other's.

import { reach, Unreachable } from "./reach.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
const SLOW_MS = 4_000;

export class Outbox {
  #prefix;
  #url;
  #headers;
  #store;
  #entries = [];
  #waiting = new Map();
  #isPumping = false;
  #hasLapsed = false;
  #lastAt = 0;
  #wake = null;
  #onState;

  /**
   * @param {object} options
   * @param {string} options.session - opaque name of the session
   * @param {string} options.url - where responses are posted
   * @param {Record<string, string>} [options.headers]
   * @param {(state: "saved"|"saving"|"offline"|"fault"|"lapsed", words?: string) => void} [options.onState] -
   *   "fault" where this page, not the network, is at fault; "lapsed": the time ran out,
   *   and what is kept is sent once the person has come back by the link; `words`: why the
   *   server, where it answered, would not save
   */
  constructor({ session, url, headers = {}, onState = () => {} }) {
    this.#prefix = `secondlook/${session}/`;
    this.#url = url;
    this.#headers = headers;
    this.#onState = onState;
    this.#store = openStore();
    this.#entries = this.#kept();
    addEventListener("online", () => this.#wake?.());
  }

  get size() {
    return this.#entries.length;
  }

  has(trialToken) {
    return this.#entries.some((entry) => entry.trial === trialToken);
  }

  /** Keep a response and send it; resolves to the server's verdict. */
  add(body) {
    const entry = { key: newKey(), ...body };
    this.#store.setItem(this.#prefix + entry.key, JSON.stringify({ at: this.#next(), entry }));
    this.#entries.push(entry);
    const verdict = new Promise((resolve) => this.#waiting.set(entry.key, resolve));
    void this.send();
    return verdict;
  }

  /** Send what is kept, in order, until nothing is left. */
  async send() {
    if (this.#isPumping || this.#hasLapsed) return;
    this.#isPumping = true;
    let wait = FIRST_WAIT_MS;
    while (this.#entries.length > 0) {
      const entry = this.#entries[0];
      const verdict = await this.#post(entry);
      if (verdict.isSettled) {
        wait = FIRST_WAIT_MS;
        this.#settle(entry, verdict);
        continue;
      }
      if (verdict.status === 410 && verdict.body) {
        this.#hasLapsed = true;
        this.#isPumping = false;
        this.#onState("lapsed");
        return;
      }
      this.#onState(verdict.isFault ? "fault" : "offline", verdict.body?.error);
      await this.#pause(wait);
      wait = Math.min(LONGEST_WAIT_MS, wait * 2);
    }
    this.#isPumping = false;
    this.#onState("saved");
  }

  /** Resolves once nothing is left to send. */
  async flush() {
    while (this.#entries.length > 0 && !this.#hasLapsed) {
      void this.send();
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Forget everything that is kept: the session takes no more responses. */
  clear() {
    for (const entry of [...this.#entries]) {
      this.#settle(entry, { isSettled: true, isSaved: false, status: 410, body: {} });
    }
  }

  async #post(entry) {
    const slow = setTimeout(() => this.#onState("saving"), SLOW_MS);
    try {
      const { ok, status, body } = await reach(this.#url, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...this.#headers },
        body: JSON.stringify(entry),
      });
      // Only the study server's own words end a response's life; a proxy's
      // error page in between is one more reason to try again.
      const isSettled = (ok && body?.saved === true) || body?.is_final === true;
      return { isSettled, isSaved: ok, status, body };
    } catch (error) {
      const isFault = !(error instanceof Unreachable);
      if (isFault) console.error("not sent:", error);
      return { isSettled: false, isFault };
    } finally {
      clearTimeout(slow);
    }
  }

  #settle(entry, verdict) {
    this.#store.removeItem(this.#prefix + entry.key);
    this.#entries = this.#entries.filter((other) => other.key !== entry.key);
    this.#waiting.get(entry.key)?.(verdict);
    this.#waiting.delete(entry.key);
  }

  #pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms * (0.75 + Math.random() / 2));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #kept() {
    const found = [];
    for (const name of this.#store.names().filter((each) => each.startsWith(this.#prefix))) {
      try {
        found.push(JSON.parse(this.#store.getItem(name)));
      } catch {
        this.#store.removeItem(name);
      }
    }
    const sorted = found.filter((kept) => kept?.entry).sort((a, b) => a.at - b.at);
    this.#lastAt = sorted.length > 0 ? sorted[sorted.length - 1].at : 0;
    return sorted.map((kept) => kept.entry);
  }

  /** When, for the order alone: later than all before, also where a clock is set back. */
  #next() {
    this.#lastAt = Math.max(Date.now(), this.#lastAt + 1);
    return this.#lastAt;
  }
}

/** A UUID; `crypto.randomUUID` is missing where the page has no HTTPS. */
function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/**
 * What earlier pages left in localStorage, and memory for what it does not take.
 *
 * A full or forbidden store that can still be read holds responses nobody has yet.
 */
function openStore() {
  const memory = new Map();
  const kept = attempt(() => localStorage, null);
  return {
    names: () => attempt(() => Object.keys(kept), []).concat([...memory.keys()]),
    getItem: (name) => memory.get(name) ?? attempt(() => kept.getItem(name), null),
    setItem(name, value) {
      if (attempt(() => (kept.setItem(name, value), true), false)) return;
      memory.set(name, value);
    },
    removeItem(name) {
      memory.delete(name);
      attempt(() => kept.removeItem(name), null);
    },
  };
}

/** What a store gives, or something else where the browser refuses it. */
function attempt(act, otherwise) {
  try {
    return act();
  } catch {
    return otherwise;
  }
}
