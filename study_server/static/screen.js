// How large things are on this screen: a bank card held to it, and the blind spot.

const CARD_RATIO = 53.98 / 85.6;
const LEAST_PX_PER_MM = 0.8;
// Telephones and tablets have smaller pixels, nearer to the eye.
const START_PX_PER_MM = matchMedia("(pointer: coarse)").matches ? 6 : 3.8;
const STEP_PX = 0.5;
const MM_PER_SECOND = 25;
// A dot seen nowhere near the blind spot of somebody at arm's length needs this way.
const TRACK_MM = 75;

const root = document.getElementById("screen");
const find = (name) => root.querySelector(`[data-${name}]`);
const form = document.querySelector("[name=card_px]").form;
const slider = find("size");
const card = find("card");
const track = find("track");
const dot = find("dot");
const go = find("go");
const nRepeats = Number(root.dataset.repeats);
const spots = [];
let frame = 0;
let away = 0;

root.hidden = false;
fitCard();
addEventListener("resize", fitCard);
slider.addEventListener("input", drawCard);
for (const button of root.querySelectorAll("[data-step]")) {
  button.addEventListener("click", () => {
    slider.value = Number(slider.value) + Number(button.dataset.step) * STEP_PX;
    drawCard();
  });
}
find("card-done").addEventListener("click", () => (nRepeats ? showSpot() : offer()));
find("again").addEventListener("click", showCard);
go.addEventListener("click", () => (frame ? gone() : startDot()));
document.addEventListener("keydown", (event) => {
  if (event.key !== " " || part("spot").hidden || event.target === find("again")) return;
  if (event.target.matches("button:not([data-go])")) return;
  event.preventDefault();
  if (event.repeat) return;
  if (frame) gone();
  else if (!go.hidden) startDot();
});

/** The card lies where there is room for its longer side, and stands elsewhere. */
function fitCard() {
  const room = card.parentElement.clientWidth;
  if (room === 0) return;
  const isUpright = room < 500;
  card.dataset.stands = isUpright;
  find("upright").hidden = !isUpright;
  const most = isUpright ? room / CARD_RATIO : room;
  const before = Number(slider.dataset.px ?? START_PX_PER_MM * Number(root.dataset.cardMm));
  slider.min = Math.ceil(LEAST_PX_PER_MM * Number(root.dataset.cardMm));
  slider.max = Math.floor(most);
  slider.step = STEP_PX;
  slider.value = before;
  drawCard();
}

function drawCard() {
  const long = Number(slider.value);
  slider.dataset.px = long;
  const sides = [long, long * CARD_RATIO];
  if (card.dataset.stands === "true") sides.reverse();
  card.style.width = `${sides[0]}px`;
  card.style.height = `${sides[1]}px`;
}

function part(name) {
  return root.querySelector(`[data-part="${name}"]`);
}

function pxPerMm() {
  return Number(slider.value) / Number(root.dataset.cardMm);
}

function showCard() {
  stop();
  spots.length = 0;
  part("spot").hidden = true;
  part("card").hidden = false;
  form.querySelector("[data-send]").hidden = true;
  slider.focus();
}

function showSpot() {
  part("card").hidden = true;
  part("spot").hidden = false;
  part("spot").querySelector("h2").focus();
  go.hidden = false;
  find("missed").hidden = true;
  find("turn").hidden = track.clientWidth / pxPerMm() >= TRACK_MM;
  count();
  put(0);
}

function put(px) {
  away = px;
  dot.style.transform = `translateX(${-px}px)`;
}

function startDot() {
  find("missed").hidden = true;
  go.textContent = go.dataset.gone;
  const end = track.clientWidth - 30;
  let before = performance.now();
  const step = (now) => {
    put(away + ((now - before) / 1000) * MM_PER_SECOND * pxPerMm());
    before = now;
    if (away >= end) {
      stop();
      find("missed").hidden = false;
      return;
    }
    frame = requestAnimationFrame(step);
  };
  put(0);
  frame = requestAnimationFrame(step);
}

function stop() {
  cancelAnimationFrame(frame);
  frame = 0;
  go.textContent = go.dataset.start;
}

function gone() {
  spots.push(away);
  stop();
  count();
  put(0);
  if (spots.length >= nRepeats) offer();
}

function count() {
  find("counted").textContent = root.dataset.count.replace("{n_done}", spots.length).replace("{n_repeats}", nRepeats);
}

function offer() {
  go.hidden = true;
  form.elements.card_px.value = Number(slider.value).toFixed(2);
  form.elements.device_pixel_ratio.value = devicePixelRatio;
  form.elements.spots.value = spots.map((spot) => spot.toFixed(1)).join(",");
  const send = form.querySelector("[data-send]");
  send.hidden = false;
  send.querySelector("button").focus();
}
