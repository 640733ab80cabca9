// Whether what is judged stays where it was first seen, uncovered.

const EVERY_MS = 200;
const STILL_PX = 1;
const MOST_TOLD = 20;

/**
 * Record "moved" and "covered" for the images of a trial, until stopped.
 *
 * What a person does is no event: scrolling, or enlarging an image inside the trial.
 *
 * @param {HTMLElement} stage - holds the trial
 * @param {import("./clock.js").Clock} clock
 * @returns {() => void} looks once more and stops
 */
export function watchPlaces(stage, clock) {
  const images = [...stage.querySelectorAll("img[data-slot]")];
  let before = images.map((image) => placeOf(image, stage));
  let wasCovered = false;
  let nTold = 0;
  const tell = (kind, extra) => {
    if (nTold < MOST_TOLD) clock.record(kind, extra);
    nTold += 1;
  };
  const look = () => {
    const now = images.map((image) => placeOf(image, stage));
    const by = now.map((place, at) => movedBy(before[at], place));
    const most = Math.max(0, ...by);
    if (most > STILL_PX) {
      const slot = images[by.indexOf(most)].dataset.slot;
      tell("moved", { slot, by_px: Math.round(most), n_images: by.filter((px) => px > STILL_PX).length });
    }
    before = now;
    const hidden = images.find((image) => isCovered(image, stage));
    if (hidden && !wasCovered) tell("covered", { slot: hidden.dataset.slot });
    wasCovered = Boolean(hidden);
  };
  const timer = setInterval(look, EVERY_MS);
  return () => {
    clearInterval(timer);
    look();
  };
}

function placeOf(image, stage) {
  const { left, top, width, height } = image.getBoundingClientRect();
  return { left, top, width, height, scrolled: stage.scrollTop + scrollY };
}

/** Pixels, on the page and in the window both: scrolling changes only one of them. */
function movedBy(before, now) {
  const sizes = Math.max(Math.abs(now.width - before.width), Math.abs(now.height - before.height));
  const aside = Math.abs(now.left - before.left);
  const inWindow = Math.abs(now.top - before.top);
  const onPage = Math.abs(now.top + now.scrolled - before.top - before.scrolled);
  return Math.max(sizes, aside, Math.min(inWindow, onPage));
}

function isCovered(image, stage) {
  const { left, top, width, height } = image.getBoundingClientRect();
  // Nothing lies at a point outside the window.
  return [0.1, 0.5, 0.9].some((share) => {
    const above = document.elementFromPoint(left + width / 2, top + height * share);
    return above !== null && above !== stage && !stage.contains(above) && !above.contains(stage);
  });
}
