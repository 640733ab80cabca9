// Buttons and keys are those of every paradigm; arrow keys go through the grid, and
// where the study file says so picture, mask and categories take turns.

import { mount as mountChoices } from "../_shared/choices.js";
import { present as presentTimed, limited } from "../_shared/exposure.js";
import { showAtOnce } from "../_shared/clock.js";

/**
 * Bring the trial on screen.
 *
 * @param {HTMLElement} root - holds the trial's fragment
 * @param {object} trial - its entry of block.json
 * @param {import("../_shared/clock.js").Clock} clock
 * @returns {Promise<boolean>} false where it was put off
 */
export function present(root, trial, clock) {
  const timed = root.querySelector("[data-timed]");
  return timed ? presentTimed(timed, trial, clock) : showAtOnce(root, trial, clock);
}

/**
 * @param {HTMLElement} root - holds the trial's fragment
 * @param {object} trial - its entry of block.json
 * @param {import("../_shared/clock.js").Clock} clock
 * @returns {Promise<Record<string, string>|null>} field to value; null where the trial
 *   was put off
 */
export async function mount(root, trial, clock) {
  const listening = new AbortController();
  const { signal } = listening;
  document.addEventListener("keydown", (event) => goThrough(root, event), { signal });
  const timed = root.querySelector("[data-timed]");
  const chosen = mountChoices(root, trial, clock, { signal });
  try {
    return await (timed ? limited(timed, chosen, { trial, clock, late: { category: timed.dataset.unanswered } }) : chosen);
  } finally {
    listening.abort();
    timed?.setAttribute("data-phase", "after");
  }
}

function goThrough(root, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const buttons = [...root.querySelectorAll(".sl-category")];
  const columns = buttons.filter((each) => each.offsetTop === buttons[0].offsetTop).length;
  const isTurned = getComputedStyle(root).direction === "rtl";
  const right = isTurned ? -1 : 1;
  const step = { ArrowRight: right, ArrowLeft: -right, ArrowDown: columns, ArrowUp: -columns }[event.key];
  if (!step) return;
  event.preventDefault();
  const from = buttons.indexOf(document.activeElement);
  const to = from < 0 ? 0 : from + step;
  if (to >= 0 && to < buttons.length) buttons[to].focus();
}
