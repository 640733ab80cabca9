// Every trial starts the same, whatever the response before it left behind: nothing
// is scrolled, marked, zoomed, focused or under the pointer.

/** Undo what the last response left; call it when the next trial is on the page. */
export function startAfresh(stage) {
  getSelection()?.removeAllRanges();
  document.activeElement?.blur?.();
  for (const box of [document.scrollingElement, stage, ...stage.querySelectorAll(".sl-ask")]) {
    box?.scrollTo(0, 0);
  }
  zoomOut();
  holdStill(stage);
  stage.querySelector("[tabindex='-1']")?.focus({ preventScroll: true });
}

/** A pinch stays from page to page; a largest scale that is 1 for a moment ends it. */
function zoomOut() {
  const meta = document.querySelector("meta[name=viewport]");
  if (!meta || !((globalThis.visualViewport?.scale ?? 1) > 1.01)) return;
  const usual = meta.content;
  meta.content = `${usual}, maximum-scale=1`;
  requestAnimationFrame(() => (meta.content = usual));
}

let pointer = null;

/** A button that lies where the last one was clicked looks untouched until the pointer moves. */
function holdStill(stage) {
  stage.dataset.still = "";
  const listening = new AbortController();
  const { signal } = listening;
  const release = ({ type, clientX, clientY }) => {
    // A browser reports a move to the same place when the page changes under the pointer.
    const isElsewhere = pointer !== null && (pointer.clientX !== clientX || pointer.clientY !== clientY);
    pointer = { clientX, clientY };
    if (type === "pointermove" && !isElsewhere) return;
    delete stage.dataset.still;
    listening.abort();
  };
  addEventListener("pointermove", release, { signal });
  addEventListener("pointerdown", release, { signal });
}

addEventListener("pointerup", ({ clientX, clientY }) => (pointer = { clientX, clientY }));
