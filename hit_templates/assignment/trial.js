// Buttons and keys are those of every paradigm; images can be enlarged on top.

import { mount as mountChoices } from "../_shared/choices.js";

/**
 * @param {HTMLElement} root - holds the trial's fragment
 * @param {object} trial - its entry of block.json
 * @param {import("../_shared/clock.js").Clock} clock
 * @returns {Promise<Record<string, string>>} field to value
 */
export async function mount(root, trial, clock) {
  const magnifier = new Magnifier(root, clock);
  magnifier.listen();
  try {
    return await mountChoices(root, trial, clock);
  } finally {
    magnifier.stop();
  }
}

/** Pointing at an image shows it in the loupe; choosing it, over the page. */
class Magnifier {
  #clock;
  #listening = new AbortController();

  constructor(root, clock) {
    this.#clock = clock;
    this.looks = [...root.querySelectorAll("[data-look]")];
    this.loupe = root.querySelector("[data-loupe]");
    this.lightbox = root.querySelector("[data-lightbox]");
    this.shown = null;
  }

  listen() {
    const { signal } = this.#listening;
    for (const look of this.looks) {
      look.addEventListener("pointerenter", () => this.#magnify(look), { signal });
      look.addEventListener("focus", () => this.#magnify(look), { signal });
      look.addEventListener("click", () => this.#open(look), { signal });
    }
    this.lightbox.addEventListener("click", () => this.#close(), { signal });
    // Before the choices see it: while an image is open, Enter must not confirm.
    document.addEventListener("keydown", (event) => this.#press(event), { signal, capture: true });
  }

  stop() {
    this.#listening.abort();
    this.#close();
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const act = this.#actionFor(event.key);
    if (!act) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    act();
  }

  #actionFor(key) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key];
    if (step) return () => this.#go(step);
    if (this.shown) {
      return ["Escape", "Enter", " "].includes(key) ? () => this.#close() : null;
    }
    const look = this.#focused();
    // A focused button keeps its own Space.
    if (key === " " && (look || !document.activeElement?.matches("button"))) {
      return () => this.#open(look ?? this.looks[0]);
    }
    return null;
  }

  #focused() {
    return this.looks.find((look) => look === document.activeElement) ?? null;
  }

  #go(step) {
    const from = this.looks.indexOf(this.shown ?? this.#focused());
    const start = step > 0 ? 0 : this.looks.length - 1;
    const next = this.looks[from < 0 ? start : (from + step + this.looks.length) % this.looks.length];
    next.focus({ preventScroll: false });
    if (this.shown) this.#open(next);
  }

  #magnify(look) {
    this.loupe.replaceChildren(copyOf(look));
  }

  #open(look) {
    this.#clock.record("enlarged", { slot: look.querySelector("img").dataset.slot });
    this.shown = look;
    this.lightbox.querySelector("img")?.remove();
    this.lightbox.prepend(copyOf(look));
    this.lightbox.hidden = false;
  }

  #close() {
    const look = this.shown;
    this.shown = null;
    this.lightbox.hidden = true;
    look?.focus({ preventScroll: true });
  }
}

/** The same picture once more, without the slot: it is no part of the trial. */
function copyOf(look) {
  const image = look.querySelector("img");
  const copy = new Image();
  copy.setAttribute("src", image.getAttribute("src"));
  copy.alt = image.alt;
  return copy;
}
