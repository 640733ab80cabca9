// The default way to take a response: buttons made by the macros `choice` and
// `submit`. A paradigm with a trial.js of its own exports the same `mount`.

// A second click of a double click, or a finger that bounces, must not respond to
// the trial that has just appeared under it.
const TOO_SOON_MS = 150;
const TOO_SOON_AFTER_A_CLICK_MS = 350;

/**
 * @param {HTMLElement} root - holds the trial's fragment
 * @param {object} trial - its entry of block.json
 * @param {import("./clock.js").Clock} clock
 * @param {object} [options]
 * @param {AbortSignal} [options.signal] - ends it without a response
 * @returns {Promise<Record<string, string>>} field to value
 */
export function mount(root, trial, clock, { signal } = {}) {
  return new Promise((resolve) => {
    const choices = new Choices(root, clock, resolve);
    choices.listen();
    signal?.addEventListener("abort", () => choices.end());
  });
}

class Choices {
  #root;
  #clock;
  #resolve;
  #response = {};
  #listening = new AbortController();

  constructor(root, clock, resolve) {
    this.#root = root;
    this.#clock = clock;
    this.#resolve = resolve;
    this.buttons = [...root.querySelectorAll("button[data-field]")];
    this.fields = [...new Set(this.buttons.map((button) => button.dataset.field))];
    this.submit = root.querySelector("button[data-submit]");
    this.rows = [...root.querySelectorAll("[data-row]")];
    this.groups = [...root.querySelectorAll("[data-group]")];
  }

  listen() {
    const { signal } = this.#listening;
    this.#root.addEventListener("click", (event) => this.#click(event), { signal });
    document.addEventListener("keydown", (event) => this.#press(event), { signal });
    this.buttons.forEach((button) => (button.disabled = false));
    this.rows[0]?.toggleAttribute("data-active", true);
  }

  #click(event) {
    const button = event.target.closest("button");
    if (!button || button.disabled || !this.#root.contains(button)) return;
    // The browser counts clicks that follow each other at one place.
    const isRepeated = event.detail > 1 && !this.submit;
    this.#take(button, event.timeStamp, isRepeated ? TOO_SOON_AFTER_A_CLICK_MS : TOO_SOON_MS);
  }

  #press(event) {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.("input, textarea, select")) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (this.rows.length === 0) return;
      event.preventDefault();
      this.#markRow(this.#activeRow() + (event.key === "ArrowDown" ? 1 : -1));
      return;
    }
    // Enter on a focused link or button is that element's own click.
    if (event.key === "Enter" && event.target.closest?.("a, button, summary")) return;
    const button = this.#buttonFor(event.key.toLowerCase());
    if (!button) return;
    event.preventDefault();
    this.#take(button, event.timeStamp);
  }

  #buttonFor(key) {
    const scope = this.rows.length > 0 && key !== "enter" ? this.rows[this.#activeRow()] : this.#root;
    return [...scope.querySelectorAll("button[data-keys]")].find(
      (button) => !button.disabled && button.dataset.keys.toLowerCase().split(" ").includes(key),
    );
  }

  #take(button, timeStamp, tooSoonMs = TOO_SOON_MS) {
    if (this.#clock.sinceOnset(timeStamp) < tooSoonMs) {
      this.#clock.record("too_soon");
      return;
    }
    if (button.dataset.field) this.#choose(button);
    const isComplete = this.fields.every((field) => field in this.#response);
    if (this.submit) this.submit.disabled = !isComplete;
    if (isComplete && (!this.submit || button === this.submit)) this.#finish(timeStamp);
  }

  #choose(button) {
    const { field, value } = button.dataset;
    this.#response[field] = value;
    if ("apart" in button.dataset) this.#release(field, value);
    for (const other of this.buttons.filter((each) => each.dataset.field === field)) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    for (const group of this.groups) group.toggleAttribute("data-chosen", group.contains(button));
    const row = this.rows.findIndex((each) => each.dataset.row === field);
    if (row >= 0) {
      const open = this.rows.findIndex((each, at) => at > row && !(each.dataset.row in this.#response));
      this.#markRow(open >= 0 ? open : row + 1);
    }
  }

  /** One thing is not chosen for two fields: the other one has to be chosen anew. */
  #release(field, value) {
    for (const other of this.buttons) {
      const isSame = "apart" in other.dataset && other.dataset.field !== field && other.dataset.value === value;
      if (!isSame || this.#response[other.dataset.field] !== value) continue;
      delete this.#response[other.dataset.field];
      other.setAttribute("aria-pressed", "false");
    }
  }

  #activeRow() {
    return Math.max(0, this.rows.findIndex((row) => row.hasAttribute("data-active")));
  }

  #markRow(index) {
    if (this.rows.length === 0) return;
    const kept = Math.min(this.rows.length - 1, Math.max(0, index));
    this.rows.forEach((row, at) => row.toggleAttribute("data-active", at === kept));
    bringIntoSight(this.rows[kept]);
  }

  /** Takes no response any more. */
  end() {
    this.#listening.abort();
    [...this.buttons, this.submit].forEach((button) => button && (button.disabled = true));
  }

  #finish(timeStamp) {
    this.end();
    this.#clock.respond(timeStamp);
    this.#resolve({ ...this.#response });
  }
}

/** Scroll the list, and nothing around it: the image stays where it is. */
function bringIntoSight(row) {
  const list = row.closest(".sl-ask");
  if (!list) return;
  const [inner, outer] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
}
