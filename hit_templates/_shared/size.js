// How large what is judged is, where a study gives it in degrees of visual angle.

/**
 * Set --sl-size on the stage, in CSS pixels as they are now: whoever has zoomed since the
 * screen was measured sees the same size.
 *
 * @param {HTMLElement} stage
 * @param {object} block
 * @param {number | null} block.image_px - longer side, at `pixel_ratio`; null: as usual
 * @param {number | null} block.pixel_ratio - device pixels per CSS pixel then
 */
export function fitSize(stage, { image_px: px, pixel_ratio: ratio }) {
  if (!px) return;
  stage.dataset.sized = "";
  stage.style.setProperty("--sl-size", `${(px * (ratio ?? devicePixelRatio)) / devicePixelRatio}px`);
}
