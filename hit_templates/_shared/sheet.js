// Runs a self-contained page: there is no server while it is open, so a draft of
// everything stays in the page and is handed in at once, at the end.

import { Clock, showAtOnce } from "./clock.js";
import { giveFeedback } from "./feedback.js";
import { startAfresh } from "./fresh.js";
import { measure } from "./measure.js";
import { mount, present } from "./trial.js";
import { watchPlaces } from "./places.js";
import { prepare } from "./preload.js";
import { Sight } from "./sight.js";
import { keepSteady } from "./steady.js";

const NOT_YET = "ASSIGNMENT_ID_NOT_AVAILABLE";
const AHEAD = 4;
const MOST_PUT_OFF = 3;
const MOST_IN_FRAGMENT = 100_000;

const block = JSON.parse(document.getElementById("sheet-block").textContent);
const say = block.words;
const given = new URLSearchParams(location.search);
const form = document.getElementById("sheet-form");
const $ = (id) => document.getElementById(id);

/**
 * What was done so far, kept through a reload as far as the browser allows it.
 *
 * A market's frame may have no storage. The frame's name then holds everything; the
 * address's fragment, which outlives a frame made anew, what there is room for.
 */
class Draft {
  #name = `secondlook/sheet/${block.sheet}/${given.get("assignmentId")}`;
  #startedAt = performance.now();

  constructor() {
    this.kept = { v: 1, sheet: block.sheet, step: 0, tries: [], responses: [], survey: {}, shown: [], spent_ms: 0 };
    const [found] = [stored(() => localStorage.getItem(this.#name)), stored(() => window.name), fromFragment()]
      .filter((each) => each?.sheet === block.sheet && each.assignment === this.#name)
      .sort((a, b) => b.spent_ms - a.spent_ms);
    if (found) Object.assign(this.kept, found);
    this.kept.assignment = this.#name;
    // Nothing was kept, and yet the page was here before: so may its trials have been.
    this.isBlank = !found && wasReloaded();
    this.spentBefore = this.kept.spent_ms;
  }

  /** Milliseconds of work so far; a clock set in the middle changes nothing. */
  now() {
    return Math.round(this.spentBefore + performance.now() - this.#startedAt);
  }

  keep(changes) {
    Object.assign(this.kept, changes, { spent_ms: this.now() });
    const text = JSON.stringify(this.kept);
    attempt(() => localStorage.setItem(this.#name, text));
    attempt(() => (window.name = text));
    // Display events are most of a draft, and the address has little room.
    const responses = this.kept.responses.map(({ events, ...rest }) => ({ ...rest, events: events.slice(-1) }));
    const brief = encodeURIComponent(JSON.stringify({ ...this.kept, responses }));
    if (brief.length < MOST_IN_FRAGMENT) attempt(() => history.replaceState(null, "", `#${brief}`));
  }

  respond(payload) {
    this.kept.responses.push({ at: this.now(), ...payload });
    this.keep({});
  }

  /** Note that a trial is shown; what a response's context says of earlier times. */
  show(token) {
    const isSeenBefore = this.isBlank || this.kept.shown.includes(token);
    this.kept.shown.push(token);
    this.keep({});
    return isSeenBefore ? { is_seen_before: true } : {};
  }

  has(token) {
    return this.kept.responses.some((response) => response.trial === token);
  }
}

function attempt(act) {
  try {
    return act();
  } catch {
    return null;
  }
}

function stored(read) {
  return attempt(() => JSON.parse(read()));
}

function fromFragment() {
  return stored(() => decodeURIComponent(location.hash.slice(1)));
}

function wasReloaded() {
  return performance.getEntriesByType("navigation")[0]?.type === "reload";
}

const draft = new Draft();
const sight = new Sight();
let isHandedIn = false;
const steps = [...document.querySelectorAll("[data-step]")].map((section) => section.dataset.step);

function show(name) {
  for (const section of document.querySelectorAll("[data-step]")) {
    section.hidden = section.dataset.step !== name;
  }
  const isRunning = name === "practice" || name === "trials";
  document.body.classList.toggle("sl-running", isRunning);
  scrollTo(0, 0);
  // Asked for once the page has loaded, by a script that the oldest browsers read.
  window.sheetRuns = true;
  document.querySelector(`[data-step="${name}"] h1`)?.focus({ preventScroll: true });
}

async function main() {
  const isBegun = block.trials.some(({ kind, token }) => kind === "trials" && draft.has(token));
  if (isBegun) offerPayToLeavers();
  const assignment = given.get("assignmentId");
  if (!assignment || assignment === NOT_YET) {
    show("preview");
    return;
  }
  form.elements.assignmentId.value = assignment;
  const site = given.get("turkSubmitTo");
  if (site) form.action = new URL("/mturk/externalSubmit", site).href;
  const way = steps.filter((name) => !["preview", "failed"].includes(name));
  for (let at = draft.kept.step; at < way.length; at += 1) {
    draft.keep({ step: at });
    show(way[at]);
    if ((await run(way[at])) === "failed") {
      show("failed");
      await pressed($("sheet-left"));
      break;
    }
  }
  handIn();
}

function run(name) {
  if (name === "comprehension") return comprehend();
  if (name === "practice" || name === "trials") return runTrials(name);
  if (name === "survey") return survey();
  return agree(name);
}

async function agree(name) {
  const section = document.querySelector(`[data-step="${name}"]`);
  for (;;) {
    await pressed(section.querySelector("button[data-go]"));
    const boxes = [...section.querySelectorAll("input[type=checkbox]")];
    if (boxes.every((box) => box.checked)) break;
    section.querySelector("[data-problem]").hidden = false;
  }
  draft.keep({ [`${name}_at`]: draft.now() });
}

async function comprehend() {
  const section = document.querySelector('[data-step="comprehension"]');
  const questions = [...section.querySelectorAll("fieldset")];
  while (draft.kept.tries.length < block.n_tries) {
    await pressed(section.querySelector("button[data-go]"));
    const chosen = questions.map((question) => question.querySelector("input:checked")?.value);
    const open = chosen.findIndex((value) => value === undefined);
    if (open >= 0) {
      questions[open].querySelector("input").focus();
      continue;
    }
    const answers = chosen.map(Number);
    draft.keep({ tries: [...draft.kept.tries, { at: draft.now(), answers }] });
    const wrong = answers.map((choice, index) => choice !== block.right[index]);
    questions.forEach((question, index) => {
      const hint = question.querySelector("[data-hint]");
      if (hint) hint.hidden = !wrong[index];
    });
    if (!wrong.includes(true)) return "passed";
    section.querySelector("[data-problem]").hidden = false;
  }
  return "failed";
}

async function runTrials(kind) {
  const stage = document.querySelector(`[data-step="${kind}"]`).querySelector(".sl-stage");
  $("trial-stage")?.removeAttribute("id");
  stage.id = "trial-stage";
  const all = ordered(kind);
  const todo = all.filter((trial) => !draft.has(trial.token));
  keepSteady(stage, todo);
  const waiting = [];
  const start = (at) => (waiting[at] ??= todo[at] && prepare(todo[at], isOnline));
  for (let index = 0; index < todo.length; index += 1) {
    for (let at = index; at <= index + AHEAD; at += 1) start(at);
    const nDone = all.filter((trial) => draft.has(trial.token)).length;
    showProgress(nDone, all.length);
    const isDone = await one(stage, await waiting[index], kind);
    if (!isDone) todo.push({ ...todo[index], nPutOff: (todo[index].nPutOff ?? 0) + 1 });
  }
  stage.replaceChildren();
}

/** The trials of one kind, in an order of this very assignment. */
function ordered(kind) {
  const trials = block.trials.filter((trial) => trial.kind === kind);
  draft.kept.order ??= {};
  const order = (draft.kept.order[kind] ??= shuffled(trials.map((trial) => trial.token)));
  draft.keep({});
  return order.map((token) => trials.find((trial) => trial.token === token));
}

function shuffled(tokens) {
  for (let index = tokens.length - 1; index > 0; index -= 1) {
    const other = Math.floor(Math.random() * (index + 1));
    [tokens[index], tokens[other]] = [tokens[other], tokens[index]];
  }
  return tokens;
}

/** Whether the trial is done; false where it comes again later. */
async function one(stage, prepared, kind) {
  const { trial } = prepared;
  if (prepared.isFailed) return respond(prepared, { response: null, rt_ms: null, context: {} });
  const context = draft.show(trial.token);
  const clock = new Clock(prepared.events);
  sight.fit();
  stage.replaceChildren(prepared.fragment);
  startAfresh(stage);
  const isShown = await (present ?? showAtOnce)(stage, trial, clock);
  Object.assign(context, measure(stage), trial.nPutOff ? { put_off: trial.nPutOff } : {});
  const stopWatching = watchPlaces(stage, clock);
  const response = isShown ? await mount(stage, trial, clock) : null;
  stopWatching();
  clock.stop();
  if (!response) return putOff(prepared);
  respond(prepared, { response, rt_ms: clock.rtMs(), context });
  if (kind === "practice" && trial.key) await tell(stage, trial.key, response);
  return true;
}

function putOff(prepared) {
  if ((prepared.trial.nPutOff ?? 0) + 1 < MOST_PUT_OFF) return false;
  prepared.record("failed");
  return respond(prepared, { response: null, rt_ms: null, context: {} });
}

function respond(prepared, body) {
  if (prepared.trial.kind === "trials") offerPayToLeavers();
  draft.respond({ key: newKey(), trial: prepared.trial.token, events: prepared.events, ...body });
  return true;
}

function tell(stage, key, response) {
  const isRight = Object.keys(key).every((field) => key[field] === response[field]);
  const unanswered = stage.querySelector("[data-unanswered]")?.dataset.unanswered;
  const isLate = Object.values(response).includes(unanswered) && say.late;
  const text = isRight ? say.right : isLate || say.wrong;
  return giveFeedback($("trial-feedback"), stage, { isRight, text, label: say.right_is, key, response });
}

/** Whoever stops from now on hands in what they have done, where the study pays for it. */
function offerPayToLeavers() {
  const paid = document.querySelector("[data-paid]");
  if (!paid?.hidden) return;
  paid.hidden = false;
  document.querySelector("[data-unpaid]").hidden = true;
  paid.querySelector("button").addEventListener("click", handIn);
}

async function survey() {
  const section = document.querySelector('[data-step="survey"]');
  await pressed(section.querySelector("button[data-go]"));
  const answers = {};
  for (const field of section.querySelectorAll("input:checked, textarea")) {
    if (field.value.trim()) answers[field.name] = field.value;
  }
  draft.keep({ survey: answers, survey_at: draft.now() });
}

function handIn() {
  isHandedIn = true;
  form.elements.secondlook.value = JSON.stringify({ ...draft.kept, sent: draft.now() });
  form.submit();
}

function showProgress(nDone, nTrials) {
  $("trial-progress").max = nTrials;
  $("trial-progress").value = nDone;
  $("trial-count").textContent = `${nDone + 1} / ${nTrials}`;
}

function pressed(button) {
  return new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));
}

/** Resolves once the browser has a network, to whether it had to wait. */
async function isOnline() {
  if (navigator.onLine) return false;
  await new Promise((resolve) => addEventListener("online", resolve, { once: true }));
  return true;
}

function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

addEventListener("beforeunload", (event) => {
  if (draft.kept.step > 0 && !isHandedIn) {
    event.preventDefault();
    // Browsers before 2023 ask only where this is set.
    event.returnValue = true;
  }
});
void main();
