// When things happened in a trial, in milliseconds since its fragment was put
// on the page; `rt_ms` counts from the event "onset".

// A page left open for hours must not collect more than the server takes.
const MAX_EVENTS = 300;

export class Clock {
  #startedAt = performance.now();
  // Somebody may set the clock on the wall: it says when, never how long. What it
  // tells is kept beside the page's own time and used by no rule.
  #startedOn = Date.now();
  #onsetAt = null;
  #respondedAt = null;
  #onVisibility = () => this.record(document.hidden ? "hidden" : "visible");
  #observer = null;

  constructor(events) {
    this.events = events;
    document.addEventListener("visibilitychange", this.#onVisibility);
    if (document.hidden) this.#onVisibility();
  }

  now() {
    return performance.now() - this.#startedAt;
  }

  record(kind, extra = {}, atMs = this.now()) {
    if (this.events.length >= MAX_EVENTS) return;
    this.events.push({ kind, at_ms: round(atMs), ...extra });
  }

  /** Resolves at the next frame, with its time. */
  frame() {
    return new Promise((resolve) =>
      requestAnimationFrame((time) => resolve(time - this.#startedAt)),
    );
  }

  /** Wait until what is on the page has been painted, and call that the onset. */
  async onset() {
    // The first callback runs before the paint, the second after it.
    await this.frame();
    this.#onsetAt = Math.max(0, await this.frame());
    this.record("onset", {}, this.#onsetAt);
    return this.#onsetAt;
  }

  /** What is judged came on screen at that time, as `performance.now()` has it. */
  onsetAt(time) {
    this.#onsetAt = Math.max(0, time - this.#startedAt);
    this.record("onset", {}, this.#onsetAt);
  }

  /** Note something of that time, as `performance.now()` has it. */
  recordAt(time, kind, extra = {}) {
    this.record(kind, extra, time - this.#startedAt);
  }

  /** Note when the last of these images has come on screen, scrolled to or at once. */
  watch(images) {
    const unseen = new Set(images);
    this.#observer = new IntersectionObserver(
      (entries) => {
        entries.forEach((entry) => entry.isIntersecting && unseen.delete(entry.target));
        if (unseen.size > 0) return;
        this.#observer.disconnect();
        this.record("all_shown");
      },
      { threshold: 0.5 },
    );
    unseen.forEach((image) => this.#observer.observe(image));
  }

  /** Milliseconds since the onset; negative before it. */
  sinceOnset(timeStamp = performance.now()) {
    return this.#onsetAt === null ? -1 : timeStamp - this.#startedAt - this.#onsetAt;
  }

  /** The moment of the response; a later call changes nothing. */
  respond(timeStamp = performance.now()) {
    this.#respondedAt ??= timeStamp;
  }

  rtMs() {
    return Math.max(0, round(this.sinceOnset(this.#respondedAt ?? performance.now())));
  }

  /** The trial is over: its last event says when by both clocks. */
  stop() {
    document.removeEventListener("visibilitychange", this.#onVisibility);
    this.#observer?.disconnect();
    const at = (this.#respondedAt ?? performance.now()) - this.#startedAt;
    // Kept even where the page has collected as many events as it may.
    this.events.push({ kind: "response", at_ms: round(at), wall_ms: Date.now() - this.#startedOn });
  }
}

/**
 * The usual way to bring a trial on screen: at once, and until the response.
 *
 * @param {HTMLElement} stage - holds the trial's fragment
 * @param {object} _trial - its entry of block.json
 * @param {Clock} clock
 * @returns {Promise<boolean>} true: nothing puts it off
 */
export async function showAtOnce(stage, _trial, clock) {
  clock.watch(stage.querySelectorAll("img[data-slot]"));
  await clock.onset();
  return true;
}

function round(ms) {
  return Math.round(ms * 10) / 10;
}
