// 1/f noise from a seed: the same seed gives the same pixels, here and in
// categorise/noise.py.

// Of the standard deviation, where black is 0 and white 1.
const CONTRAST = 0.3;

/** A seed (0 to 2**32 - 1) that follows from a text. */
export function seedOf(text) {
  let hash = 0x811c9dc5;
  for (const letter of text) hash = Math.imul(hash ^ letter.codePointAt(0), 0x01000193);
  return hash >>> 0;
}

/**
 * Grey noise whose amplitude falls with spatial frequency.
 *
 * @param {number} seed - 0 to 2**32 - 1
 * @param {number} side - pixels, a power of two
 * @returns {Uint8ClampedArray} side * side greys, row by row
 */
export function pinkNoise(seed, side) {
  const size = side * side;
  const real = new Float64Array(size);
  const imaginary = new Float64Array(size);
  const first = scrambled(seed);
  for (let at = 0; at < size; at += 1) real[at] = scrambled((first + at) >>> 0) / 2 ** 32 - 0.5;
  transform(real, imaginary, side);
  for (let at = 0; at < size; at += 1) {
    const [x, y] = [folded(at % side, side), folded(Math.floor(at / side), side)];
    const weight = at === 0 ? 0 : 1 / Math.hypot(x, y);
    real[at] *= weight;
    // Back by the same transform: conjugated before, real afterwards.
    imaginary[at] *= -weight;
  }
  transform(real, imaginary, side);
  return greys(real);
}

function greys(values) {
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  const variance = values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / values.length;
  const scale = CONTRAST / Math.sqrt(variance);
  return Uint8ClampedArray.from(values, (each) => 255 * (0.5 + scale * (each - mean)));
}

function folded(index, side) {
  return index < side / 2 ? index : index - side;
}

/** A hash of 32 bits in which every bit of the input matters. */
function scrambled(value) {
  let hash = value;
  hash = Math.imul(hash ^ (hash >>> 16), 0x21f0aaad);
  hash = Math.imul(hash ^ (hash >>> 15), 0xd35a2d97);
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** Fourier transform of a square, rows and then columns, in place. */
function transform(real, imaginary, side) {
  for (let line = 0; line < side; line += 1) {
    transformLine(real, imaginary, { start: line * side, step: 1, side });
  }
  for (let line = 0; line < side; line += 1) {
    transformLine(real, imaginary, { start: line, step: side, side });
  }
}

function transformLine(real, imaginary, { start, step, side }) {
  const re = new Float64Array(side);
  const im = new Float64Array(side);
  for (let at = 0, turned = 0; at < side; at += 1) {
    re[turned] = real[start + at * step];
    im[turned] = imaginary[start + at * step];
    // Counts with the bits in reverse.
    let bit = side >> 1;
    for (; turned & bit; bit >>= 1) turned ^= bit;
    turned |= bit;
  }
  for (let span = 1; span < side; span *= 2) butterflies(re, im, span);
  for (let at = 0; at < side; at += 1) {
    real[start + at * step] = re[at];
    imaginary[start + at * step] = im[at];
  }
}

function butterflies(re, im, span) {
  for (let k = 0; k < span; k += 1) {
    const [cosine, sine] = [Math.cos((-Math.PI * k) / span), Math.sin((-Math.PI * k) / span)];
    for (let at = k; at < re.length; at += 2 * span) {
      const other = at + span;
      const [x, y] = [re[other] * cosine - im[other] * sine, re[other] * sine + im[other] * cosine];
      re[other] = re[at] - x;
      im[other] = im[at] - y;
      re[at] += x;
      im[at] += y;
    }
  }
}
