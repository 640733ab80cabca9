// In a market's frame, which may be longer than the window, only a part of the page
// is in sight; the browser tells which, whatever site the frame stands on.

const LEAST_PX = 320;
const LEAST_SHARE = 0.55;
const STEPS = 200;

/** Keeps the page as high as what can be seen of it; does nothing outside a frame. */
export class Sight {
  #seen = null;
  #root = document.documentElement;

  constructor() {
    if (window === window.top) return;
    const whole = document.createElement("div");
    whole.className = "sl-sight";
    document.body.append(whole);
    const threshold = Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS);
    const observer = new IntersectionObserver((entries) => this.#see(entries[entries.length - 1]), { threshold });
    observer.observe(whole);
    addEventListener("resize", () => {
      observer.unobserve(whole);
      observer.observe(whole);
      this.#isFirst = true;
    });
  }

  #isFirst = true;

  #see({ intersectionRect }) {
    // Somebody who has scrolled the frame out of sight is not to find it crushed.
    if (intersectionRect.height < LEAST_PX) return;
    this.#seen = intersectionRect;
    if (this.#isFirst) this.fit();
    this.#isFirst = false;
  }

  /** Take on what is in sight now; between trials, so that nothing moves in one. */
  fit() {
    if (!this.#seen) return;
    const { top, width, height } = this.#seen;
    this.#root.dataset.slFramed = "";
    this.#root.style.setProperty("--sl-above", `${Math.ceil(top)}px`);
    this.#root.style.setProperty("--sl-visible", `${Math.floor(height)}px`);
    this.#root.style.setProperty("--sl-least", `${Math.round(LEAST_SHARE * Math.min(width, height))}px`);
  }
}
