// Images are fetched and decoded before their trial starts, so that the trial
// begins with a picture and not with a wait.

const RETRY_WAITS_MS = [400, 1200];

/** One trial, its fragment parsed and its images decoded. */
export class Prepared {
  constructor(trial) {
    this.trial = trial;
    this.startedAt = performance.now();
    this.events = [];
    this.isFailed = false;
    const template = document.createElement("template");
    // The fragment comes from our own server, which escapes what it puts in.
    template.innerHTML = trial.html;
    this.fragment = template.content;
  }

  record(kind, extra = {}) {
    const at = Math.round((performance.now() - this.startedAt) * 10) / 10;
    this.events.push({ kind, at_ms: at, ...extra });
  }
}

/**
 * Decode every image of a trial.
 *
 * @param {object} trial - an entry of block.json
 * @param {() => Promise<boolean>} untilOnline - resolves once the server can be
 *   reached, to whether it had to wait: an image is at fault only where its
 *   server is there
 */
export async function prepare(trial, untilOnline) {
  const prepared = new Prepared(trial);
  const images = [...prepared.fragment.querySelectorAll("img[data-slot]")];
  const examples = [...prepared.fragment.querySelectorAll("img[data-example]")];
  examples.forEach((image, place) => void loadExample(image, prepared, place));
  await Promise.all(images.map((image) => load(image, prepared, untilOnline)));
  return prepared;
}

async function load(image, prepared, untilOnline) {
  const url = image.getAttribute("src");
  const slot = image.dataset.slot;
  let attempt = 0;
  for (;;) {
    // A changed address gets past a broken copy in the browser's cache.
    const copy = await decoded(attempt === 0 ? url : again(url, attempt));
    if (copy) {
      put(copy, image);
      prepared.record("decoded", { slot, attempt });
      return;
    }
    prepared.record("load_error", { slot, attempt });
    const hadToWait = await untilOnline();
    if (hadToWait) continue;
    if (attempt === RETRY_WAITS_MS.length) break;
    await new Promise((resolve) => setTimeout(resolve, RETRY_WAITS_MS[attempt]));
    attempt += 1;
  }
  prepared.record("failed", { slot });
  prepared.isFailed = true;
}

function again(url, attempt) {
  return `${url}${url.includes("?") ? "&" : "?"}retry=${attempt}`;
}

/** An example is no part of what is judged: without it the trial goes on, recorded. */
async function loadExample(image, prepared, place) {
  const copy = await decoded(image.getAttribute("src"));
  if (copy) {
    put(copy, image);
    return;
  }
  prepared.record("example_failed", { example: place });
  // Its room stays, so that nothing moves.
  const room = document.createElement("span");
  room.className = image.className;
  image.replaceWith(room);
}

/** The image at an address; null where it does not come or is none. */
async function decoded(url) {
  const copy = new Image();
  copy.src = url;
  try {
    await copy.decode();
    return copy;
  } catch {
    return null;
  }
}

/** Put a decoded copy in the place of an image of the fragment. */
function put(copy, image) {
  for (const { name, value } of image.attributes) {
    if (name !== "src") copy.setAttribute(name, value);
  }
  image.replaceWith(copy);
}

/** Hands out trials in order, always a few ahead. */
export class Preloader {
  #trials;
  #ahead;
  #untilOnline;
  #started = new Map();

  constructor(trials, { ahead = 4, untilOnline }) {
    this.#trials = trials;
    this.#ahead = ahead;
    this.#untilOnline = untilOnline;
  }

  take(index) {
    const last = Math.min(this.#trials.length - 1, index + this.#ahead);
    for (let next = index; next <= last; next += 1) {
      if (!this.#started.has(next)) {
        this.#started.set(next, prepare(this.#trials[next], this.#untilOnline));
      }
    }
    const taken = this.#started.get(index);
    this.#started.delete(index);
    return taken;
  }
}
