// What somebody saw of a trial: sizes, sharpness, the order of the buttons.

/** Size and sharpness of what was seen, and the order of the buttons. */
export function measure(stage) {
  const image = stage.querySelector("img[data-slot]");
  const box = image?.getBoundingClientRect();
  return {
    css_width: Math.round(contained(image, box)?.width ?? 0),
    css_height: Math.round(contained(image, box)?.height ?? 0),
    device_pixel_ratio: devicePixelRatio,
    viewport_width: innerWidth,
    viewport_height: innerHeight,
    rt_from: "onset",
    ...(isTranslated() ? { is_translated: true } : {}),
    choices: [...stage.querySelectorAll("button[data-value]")].slice(0, 8).map((button) => button.dataset.value),
  };
}

/** The picture inside its box: `object-fit: contain` leaves margins. */
function contained(image, box) {
  if (!image || !image.naturalWidth) return null;
  const scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
  return { width: image.naturalWidth * scale, height: image.naturalHeight * scale };
}

const servedIn = document.documentElement.lang;

/** Whether a program has put the page's words into another language. */
function isTranslated() {
  const { lang, classList } = document.documentElement;
  const isMarked = classList.contains("translated-ltr") || classList.contains("translated-rtl");
  // Translators wrap what they have changed, or note what stood there.
  return isMarked || lang !== servedIn || document.querySelector("body font, [_msttexthash]") !== null;
}
