// How many pictures a second this screen shows, and times as whole frames of it.

/** Below it a frame is longer than what is to be shown can bear. */
export const LEAST_RATE = 50;

const NOMINAL = [24, 25, 30, 48, 50, 60, 72, 75, 85, 90, 100, 120, 144, 165, 180, 200, 240, 360];
const N_INTERVALS = 40;
const N_TRIES = 3;
const NEAR = 0.03;

/**
 * The rate meant where one was measured: 60.02 is 60, or else 200 ms were 13 frames.
 *
 * @param {number} rate - pictures a second, as measured
 */
export function nominalRate(rate) {
  const nearest = NOMINAL.reduce((best, each) => (Math.abs(each - rate) < Math.abs(best - rate) ? each : best));
  return Math.abs(nearest - rate) <= NEAR * rate ? nearest : Math.round(rate * 10) / 10;
}

/** Frames for at least so many milliseconds. */
export function wholeFrames(ms, rate) {
  return Math.ceil((ms * rate) / 1000 - 1e-9);
}

let known = null;

/** Measure again before the next time: a window may have moved to another screen. */
export function forgetRate() {
  known = null;
}

/** The screen's rate, measured where it is not known; takes up to a second or two. */
export async function screenRate() {
  for (let tries = 0; known === null && tries < N_TRIES; tries += 1) {
    await untilSeen();
    const rate = nominalRate(await measuredRate());
    // Loading and other programs make a screen look slow; it is asked several times.
    if (rate >= LEAST_RATE || tries === N_TRIES - 1) known = rate;
  }
  return known;
}

/** The rate of half of the frames or more: those that were dropped do not count. */
async function measuredRate() {
  const times = [];
  while (times.length <= N_INTERVALS) {
    times.push(await new Promise((resolve) => requestAnimationFrame(resolve)));
  }
  const intervals = times.slice(1).map((time, at) => time - times[at]);
  intervals.sort((a, b) => a - b);
  const middle = intervals.slice(N_INTERVALS / 4, N_INTERVALS / 2 + 1);
  return 1000 / (middle.reduce((sum, each) => sum + each, 0) / middle.length);
}

/** Resolves once the page is in sight. */
export async function untilSeen() {
  while (document.hidden) {
    await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  }
}
