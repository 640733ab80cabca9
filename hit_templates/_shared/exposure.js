// A trial whose picture is shown for a moment: mark, picture, mask, then the choices.

import { playFrames } from "./frames.js";
import { pinkNoise, seedOf } from "./noise.js";
import { LEAST_RATE, forgetRate, screenRate, untilSeen, wholeFrames } from "./screen.js";

const MOST_MASK_PX = 512;
const LEAST_MASK_PX = 256;
const TIMES = ["after_ms", "fixation_ms", "exposure_ms", "mask_ms", "response_ms"];

/**
 * Show everything up to the choices.
 *
 * @param {HTMLElement} timed - the trial's own element, with its times
 * @param {object} trial - its entry of block.json
 * @param {import("./clock.js").Clock} clock
 * @returns {Promise<boolean>} false where the page went out of sight when the picture
 *   had begun: the trial is put off then
 */
export async function present(timed, trial, clock) {
  const times = timesOf(timed, trial);
  const seed = seedOf(trial.token);
  const canvas = timed.dataset.mask === "noise" && times.mask_ms > 0 ? maskOver(timed, seed) : null;
  for (;;) {
    const rate = await rateThatDoes(timed, clock);
    const watch = new OutOfSight();
    const begin = (name) => {
      timed.dataset.phase = name;
      // Whoever runs the trials keeps it: what was seen once is not new after a reload.
      if (name === "picture") timed.dispatchEvent(new Event("picture-begun", { bubbles: true }));
    };
    const held = await playFrames(phasesOf(timed, times, rate), begin, {
      rate,
      signal: watch.signal,
    });
    watch.stop();
    if (held) {
      tell(held, { clock, rate, seed: canvas ? seed : null });
      return true;
    }
    forgetRate();
    const isBegun = ["picture", "mask"].includes(timed.dataset.phase);
    timed.dataset.phase = "after";
    if (isBegun) return putOff(timed, clock);
    // Nothing of the picture was seen: it begins once more.
    clock.record("begun_again");
    await untilSeen();
  }
}

/**
 * A choice in time.
 *
 * @param {HTMLElement} timed - the trial's own element, with its times
 * @param {Promise<object>} chosen - settles with the response
 * @param {object} of
 * @param {object} of.trial - its entry of block.json
 * @param {import("./clock.js").Clock} of.clock
 * @param {object} of.late - the response of somebody who lets the time pass
 * @returns {Promise<object|null>} null where the trial is put off
 */
export async function limited(timed, chosen, { trial, clock, late }) {
  const watch = new OutOfSight();
  const hidden = new Promise((resolve) => watch.signal.addEventListener("abort", () => resolve(null)));
  const { response_ms: limitMs } = timesOf(timed, trial);
  let timer = 0;
  const passed = new Promise((resolve) => {
    if (limitMs > 0) timer = setTimeout(() => resolve(late), limitMs);
  });
  const response = await Promise.race([chosen, hidden, passed]);
  clearTimeout(timer);
  watch.stop();
  if (response === late) {
    clock.respond();
    clock.record("too_late");
  }
  if (response) return response;
  timed.dataset.phase = "after";
  await putOff(timed, clock);
  return null;
}

/** What the study file says, and the trial's own times before it. */
function timesOf(timed, trial) {
  const own = trial.exposure ?? {};
  const said = (name) => Number(timed.dataset[name.replace(/_(.)/g, (_all, letter) => letter.toUpperCase())] ?? 0);
  return Object.fromEntries(TIMES.map((name) => [name, own[name] ?? said(name)]));
}

function phasesOf(timed, times, rate) {
  const frames = (ms) => wholeFrames(ms, rate);
  return [
    { name: "after", frames: frames(times.after_ms) },
    { name: "fixation", frames: frames(times.fixation_ms) },
    { name: "picture", frames: frames(times.exposure_ms) },
    { name: "mask", frames: timed.dataset.mask === "none" ? 0 : frames(times.mask_ms) },
    { name: "choices", frames: 0 },
  ];
}

/** Note each phase; the picture is on screen one frame after it was drawn. */
function tell(held, { clock, rate, seed }) {
  const frameMs = 1000 / rate;
  for (const { name, at, wanted, frames, dropped } of held) {
    const seen = at + frameMs;
    const kept = { wanted_frames: wanted, frames, dropped_frames: dropped };
    if (name === "picture") {
      const isMissed = Math.abs(frames - wanted) > 1;
      clock.onsetAt(seen);
      clock.recordAt(seen, "all_shown");
      clock.recordAt(seen, "exposure", { ...kept, rate, is_missed: isMissed });
      // A screen or a browser that was too slow is looked at again.
      if (isMissed) forgetRate();
    } else if (name === "mask") {
      clock.recordAt(seen, "mask", { ...kept, ...(seed === null ? {} : { seed }) });
    } else if (name !== "after") {
      clock.recordAt(seen, name, name === "choices" ? {} : kept);
    }
  }
}

/** Waits, with words, until the page is in sight and the screen quick enough. */
async function rateThatDoes(timed, clock) {
  for (;;) {
    await untilSeen();
    const rate = await screenRate();
    if (rate >= LEAST_RATE) return rate;
    clock.record("slow_screen", { rate });
    forgetRate();
    await pressed(timed, timed.dataset.saySlow.replace("{rate}", String(Math.round(rate))), timed.dataset.sayAgain);
  }
}

async function putOff(timed, clock) {
  clock.record("put_off");
  await untilSeen();
  await pressed(timed, timed.dataset.sayHidden, timed.dataset.sayGoOn);
  return false;
}

/** Says something at the picture's place, until a button is pressed. */
async function pressed(timed, words, label) {
  const box = document.createElement("div");
  box.className = "sl-untimely";
  box.setAttribute("role", "alert");
  const text = document.createElement("p");
  text.textContent = words;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-primary btn-lg go";
  button.textContent = label;
  box.append(text, button);
  timed.append(box);
  button.focus({ preventScroll: true });
  await new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));
  box.remove();
}

/** A canvas of noise, exactly over the picture. */
function maskOver(timed, seed) {
  const image = timed.querySelector("img[data-slot='target']");
  const { naturalWidth: width, naturalHeight: height } = image;
  const side = Math.max(width, height) <= LEAST_MASK_PX ? LEAST_MASK_PX : MOST_MASK_PX;
  const shrink = Math.min(1, side / Math.max(width, height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * shrink));
  canvas.height = Math.max(1, Math.round(height * shrink));
  const context = canvas.getContext("2d");
  const picture = context.createImageData(side, side);
  const pixels = new Uint32Array(picture.data.buffer);
  pinkNoise(seed, side).forEach((grey, at) => (pixels[at] = 0xff000000 | (grey * 0x010101)));
  context.putImageData(picture, 0, 0);
  image.closest("figure").after(canvas);
  lay(canvas, image);
  const listening = new AbortController();
  const follow = () => (canvas.isConnected ? lay(canvas, image) : listening.abort());
  addEventListener("resize", follow, { signal: listening.signal });
  return canvas;
}

function lay(canvas, image) {
  const box = image.getBoundingClientRect();
  const frame = canvas.offsetParent?.getBoundingClientRect() ?? box;
  const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
  const [width, height] = [image.naturalWidth * scale, image.naturalHeight * scale];
  const place = {
    left: box.left - frame.left + (box.width - width) / 2,
    top: box.top - frame.top + (box.height - height) / 2,
    width,
    height,
  };
  for (const [name, px] of Object.entries(place)) canvas.style.setProperty(name, `${px}px`);
}

/** A signal that fires when the page goes out of sight, or is so already. */
class OutOfSight {
  #listening = new AbortController();
  #seen = new AbortController();

  constructor() {
    this.signal = this.#seen.signal;
    const look = () => document.hidden && this.#seen.abort();
    document.addEventListener("visibilitychange", look, { signal: this.#listening.signal });
  }

  stop() {
    this.#listening.abort();
  }
}
