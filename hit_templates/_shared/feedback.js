// What a practice response is told: over the buttons, which have done their work, and
// never over the image.

/**
 * Say it, and wait for Enter, a click or a tap.
 *
 * @param {HTMLElement} box - holds [data-text], [data-answer] and a button
 * @param {HTMLElement} stage - holds the trial
 * @param {object} told
 * @param {boolean} told.isRight
 * @param {string} told.text
 * @param {string} told.label - stands before what is right
 * @param {Record<string, string>} told.key - field to the right value
 * @param {Record<string, string>} told.response - field to the value given
 */
export async function giveFeedback(box, stage, { isRight, text, label, key, response }) {
  box.dataset.right = String(isRight);
  box.querySelector("[data-text]").textContent = text;
  const missed = Object.keys(key).filter((field) => key[field] !== response[field]);
  showRight(box.querySelector("[data-answer]"), stage, { label, key, missed });
  stage.dataset.told = "";
  box.hidden = false;
  if (stage.querySelector("[data-sound]")) sound(isRight);
  place(box, stage);
  const button = box.querySelector("button");
  button.focus({ preventScroll: true });
  await new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));
  box.hidden = true;
  delete stage.dataset.told;
}

/** High for right, low for wrong; silent where a browser allows none. */
function sound(isRight) {
  if (!globalThis.AudioContext) return;
  const context = new AudioContext();
  const [tone, loudness] = [context.createOscillator(), context.createGain()];
  tone.frequency.value = isRight ? 880 : 220;
  loudness.gain.value = 0.1;
  tone.connect(loudness).connect(context.destination);
  tone.start();
  tone.stop(context.currentTime + 0.15);
  tone.addEventListener("ended", () => void context.close());
}

/** Mark the right buttons of what was missed, and name them. */
function showRight(line, stage, { label, key, missed }) {
  const names = [];
  for (const field of missed) {
    const button = [...stage.querySelectorAll("button[data-field]")].find(
      (each) => each.dataset.field === field && each.dataset.value === String(key[field]),
    );
    if (!button) continue;
    button.dataset.right = "";
    const row = button.closest("[data-row]")?.getAttribute("aria-label");
    const words = button.querySelector("span")?.textContent ?? "";
    names.push(row ? `${row}: ${words}` : words);
  }
  line.replaceChildren();
  line.hidden = names.length === 0;
  if (names.length === 0) return;
  line.append(`${label} `);
  names.forEach((name, at) => {
    const part = document.createElement("bdi");
    part.textContent = name;
    line.append(at ? "; " : "", part);
  });
}

/** Upwards from the lower edge of the buttons, as far as the image at most. */
function place(box, stage) {
  const choices = stage.querySelector(".sl-choices")?.getBoundingClientRect();
  const frame = box.offsetParent?.getBoundingClientRect() ?? { left: 0, top: 0, bottom: innerHeight };
  const isBelow = choices && choices.bottom > (frame.top + frame.bottom) / 2;
  for (const name of ["left", "width", "bottom", "max-height"]) box.style.removeProperty(name);
  if (!isBelow) return;
  box.style.setProperty("left", `${choices.left - frame.left}px`);
  box.style.setProperty("width", `${choices.width}px`);
  box.style.setProperty("bottom", `${Math.max(0, frame.bottom - choices.bottom)}px`);
  const image = stage.querySelector(".sl-figure")?.getBoundingClientRect();
  const isUnder = image && image.bottom <= choices.top + 1 && image.right > choices.left;
  const top = isUnder ? image.bottom : frame.top;
  box.style.setProperty("max-height", `${Math.max(choices.height, choices.bottom - top - 4)}px`);
}
