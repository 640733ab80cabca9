// Things shown one after the other, each for whole frames, with no frame in between.

/**
 * @typedef {object} Phase
 * @property {string} name
 * @property {number} frames - how long; none leaves it out
 *
 * @typedef {object} Held
 * @property {string} name
 * @property {number} at - time of the first frame, as `performance.now()` has it
 * @property {number} wanted - frames
 * @property {number} frames - between its first and the next phase's first, as realised
 * @property {number} dropped - of those, frames in which the page could do nothing
 */

/**
 * Show each phase for its frames, then the last one for good.
 *
 * What is due is told by the time of the frame, not by counting calls: a frame that
 * was dropped makes nothing longer by more than itself.
 *
 * @param {Phase[]} phases - the last has no end
 * @param {(name: string) => void} show - called in the phase's first frame
 * @param {object} options
 * @param {number} options.rate - frames a second
 * @param {AbortSignal} options.signal - ends it where the page goes out of sight
 * @returns {Promise<Held[]|null>} null where it was ended
 */
export function playFrames(phases, show, { rate, signal }) {
  const todo = phases.filter((phase, at) => phase.frames > 0 || at === phases.length - 1);
  const held = [];
  return new Promise((resolve) => {
    let nCalls = 0;
    let ticket = 0;
    const begin = (time) => {
      const { name, frames: wanted } = todo[held.length];
      held.push({ name, at: time, wanted, frames: 0, dropped: 0 });
      nCalls = 0;
      show(name);
    };
    const tick = (time) => {
      nCalls += 1;
      if (held.length === 0) {
        begin(time);
      } else {
        const now = held[held.length - 1];
        const frames = Math.round(((time - now.at) * rate) / 1000);
        if (frames >= now.wanted) {
          Object.assign(now, { frames, dropped: Math.max(0, frames - nCalls) });
          begin(time);
        }
      }
      if (held.length === todo.length) resolve(held);
      else ticket = requestAnimationFrame(tick);
    };
    ticket = requestAnimationFrame(tick);
    signal.addEventListener("abort", () => {
      cancelAnimationFrame(ticket);
      resolve(null);
    });
  });
}
