// Runs a block of trials: practice with feedback, trials without. The frame
// around it gives `#trial-stage` with data-block-url and the elements named in
// `Frame`; the server gives block.json.

import { Clock, showAtOnce } from "./clock.js";
import { giveFeedback } from "./feedback.js";
import { startAfresh } from "./fresh.js";
import { measure } from "./measure.js";
import { Outbox } from "./outbox.js";
import { watchPlaces } from "./places.js";
import { Preloader } from "./preload.js";
import { reach, Unreachable } from "./reach.js";
import { Sight } from "./sight.js";
import { fitSize } from "./size.js";
import { keepSteady } from "./steady.js";

const RETRY_MS = 2_000;
// Somebody who leaves the page in the middle of a picture has seen it each time.
const MOST_PUT_OFF = 3;

class Frame {
  constructor() {
    this.stage = document.getElementById("trial-stage");
    this.progress = document.getElementById("trial-progress");
    this.count = document.getElementById("trial-count");
    this.banner = document.getElementById("trial-banner");
    this.feedback = document.getElementById("trial-feedback");
    this.wait = document.getElementById("trial-wait");
    this.sight = new Sight();
  }

  say(text, kind = "warning") {
    this.banner.textContent = text;
    this.banner.className = `sl-banner text-bg-${kind}`;
    this.banner.hidden = text === "";
  }

  showProgress(nDone, nTrials) {
    this.progress.max = Math.max(1, nTrials);
    this.progress.value = nDone;
    this.count.textContent = `${Math.min(nDone + 1, nTrials)} / ${nTrials}`;
  }

  showWait(isWaiting, text = say.loading) {
    this.wait.querySelector("[data-text]").textContent = text;
    this.wait.hidden = !isWaiting;
  }

  put(fragment) {
    this.sight.fit();
    this.stage.replaceChildren(fragment);
    this.feedback.hidden = true;
    startAfresh(this.stage);
  }
}

const settings = document.getElementById("trial-stage").dataset;
const say = JSON.parse(settings.words);

async function main(frame) {
  const block = await fetchBlock(frame);
  if (!block) return;
  const run = new Run(frame, block);
  await run.all();
}

class Run {
  constructor(frame, block) {
    this.frame = frame;
    this.block = block;
    this.hasFeedback = block.has_feedback;
    this.isWaiting = false;
    this.nShown = 0;
    this.outbox = new Outbox({
      session: `${block.session}/${block.kind}`,
      url: block.post_url,
      headers: settings.csrf ? { "X-CSRFToken": settings.csrf } : {},
      onState: (state, reason) => this.#onState(state, reason),
    });
    addEventListener("beforeunload", (event) => {
      if (this.outbox.size === 0 || this.isLeaving) return;
      event.preventDefault();
      // Browsers before 2023 ask only where this is set.
      event.returnValue = true;
    });
  }

  async all() {
    void this.outbox.send();
    const todo = this.block.trials.filter((trial) => !trial.is_done && !this.outbox.has(trial.token));
    this.nDone = this.block.trials.length - todo.length;
    if (this.#isGoingRound(todo)) return;
    const fit = () => {
      fitSize(this.frame.stage, this.block);
      keepSteady(this.frame.stage, todo);
    };
    fit();
    addEventListener("resize", fit);
    this.todo = todo;
    const preloader = new Preloader(todo, { untilOnline: () => untilOnline() });
    for (let index = 0; index < todo.length && !this.isEnded; index += 1) {
      this.frame.showProgress(this.nDone, this.block.trials.length);
      if (await this.#one(await this.#take(preloader, index))) this.nDone += 1;
    }
    await this.#leave();
  }

  async #take(preloader, index) {
    const late = setTimeout(() => this.frame.showWait(true), 150);
    const prepared = await preloader.take(index);
    clearTimeout(late);
    this.frame.showWait(false);
    return prepared;
  }

  /** Whether the trial is done; false where it comes again later. */
  async #one(prepared) {
    if (prepared.isFailed) {
      this.#sendNothing(prepared);
      return true;
    }
    const { stage } = this.frame;
    const { trial } = prepared;
    const clock = new Clock(prepared.events);
    this.frame.put(prepared.fragment);
    const { mount, present = showAtOnce } = await import(trial.script ?? "./choices.js");
    const before = seenBefore(trial);
    const begun = () => noteSeen(trial);
    stage.addEventListener("picture-begun", begun, { once: true });
    const isShown = await present(stage, trial, clock);
    stage.removeEventListener("picture-begun", begun);
    const context = { ...measure(stage), ...before };
    const stopWatching = watchPlaces(stage, clock);
    const response = isShown ? await mount(stage, trial, clock) : null;
    stopWatching();
    clock.stop();
    if (!response) return this.#putOff(prepared);
    await this.#done(prepared, response, { rt_ms: clock.rtMs(), context });
    return true;
  }

  #sendNothing(prepared) {
    void this.#send(prepared, { response: null, rt_ms: null, context: {} });
    this.frame.say(say.no_image);
  }

  /** It comes again after the others, as a new one. */
  #putOff(prepared) {
    const { trial } = prepared;
    const nPutOff = (trial.nPutOff ?? 0) + 1;
    if (nPutOff < MOST_PUT_OFF) {
      this.todo.push({ ...trial, nPutOff });
      return false;
    }
    prepared.record("failed");
    this.#sendNothing(prepared);
    return true;
  }

  async #done(prepared, response, told) {
    this.nShown += 1;
    if (!this.isWaiting) this.frame.say("");
    const verdict = this.#send(prepared, { response, ...told });
    if (this.hasFeedback) await this.#tell(await verdict, response);
  }

  #send(prepared, body) {
    const sent = this.outbox.add({ trial: prepared.trial.token, events: prepared.events, ...body });
    void sent.then((verdict) => this.#onVerdict(verdict));
    return sent;
  }

  #onVerdict(verdict) {
    if (verdict.status === 410 && !this.isEnded) {
      this.isEnded = true;
      this.outbox.clear();
      this.#go();
    } else if (!verdict.isSaved && verdict.status !== 409) {
      this.frame.say(say.not_saved, "danger");
      console.warn("not saved:", verdict.status, verdict.body?.error);
    }
  }

  #onState(state, reason) {
    if (state === "lapsed") {
      this.isEnded = true;
      this.#go();
      return;
    }
    this.isWaiting = state === "offline" || state === "fault";
    if (state === "fault") {
      this.frame.say(say.fault, "danger");
    } else if (state === "offline") {
      this.frame.say(reason ? say.busy : say.offline);
    } else if (state === "saving") {
      this.frame.say(say.slow, "secondary");
    } else {
      this.frame.say("");
    }
  }

  async #tell(verdict, response) {
    const feedback = verdict.body?.feedback;
    if (!feedback) return;
    const { feedback: box, stage } = this.frame;
    box.className = `sl-feedback alert alert-${feedback.is_right ? "success" : "warning"}`;
    box.querySelector("[data-mark]").textContent = feedback.is_right ? "✓" : "✗";
    await giveFeedback(box, stage, {
      isRight: feedback.is_right,
      text: feedback.text,
      label: say.right_is,
      key: feedback.right,
      response,
    });
  }

  async #leave() {
    if (this.isEnded) return;
    if (this.outbox.size > 0) this.frame.showWait(true, say.saving);
    this.frame.showProgress(this.block.trials.length, this.block.trials.length);
    await this.outbox.flush();
    if (!this.isEnded) this.#go();
  }

  #go() {
    this.isLeaving = true;
    location.replace(this.block.done_url);
  }

  /** Stops a page that would load itself for ever because nothing can be shown. */
  #isGoingRound(todo) {
    const name = `secondlook/rounds/${this.block.session}/${this.block.kind}`;
    const key = todo.map((trial) => trial.token).join();
    let last = null;
    try {
      last = JSON.parse(sessionStorage.getItem(name));
    } catch {
      return false;
    }
    const n = last?.key === key ? last.n + 1 : 1;
    try {
      sessionStorage.setItem(name, JSON.stringify({ key, n: n > 3 ? 0 : n }));
    } catch {
      return false;
    }
    // A reload by hand is a person's right; only an empty round repeats itself.
    if (n <= 3 || todo.length > 0) return false;
    this.frame.showWait(false);
    this.frame.say(say.stuck, "danger");
    return true;
  }
}

/** What the response's context says of earlier times: put off here, or before a reload. */
function seenBefore(trial) {
  const putOff = trial.nPutOff ? { put_off: trial.nPutOff } : {};
  let isSeen = Boolean(trial.nPutOff);
  try {
    isSeen ||= sessionStorage.getItem(seenName(trial)) !== null;
  } catch {
    // A browser without storage tells only of what happened since the page was loaded.
  }
  return isSeen ? { ...putOff, is_seen_before: true } : {};
}

function noteSeen(trial) {
  try {
    sessionStorage.setItem(seenName(trial), "1");
  } catch {
    // As above.
  }
}

function seenName(trial) {
  return `secondlook/seen/${trial.token}`;
}

async function fetchBlock(frame) {
  for (;;) {
    frame.showWait(true);
    const reply = await asked(settings.blockUrl);
    if (reply?.ok && reply.body) {
      frame.say("");
      return reply.body;
    }
    // Where the time ran out, the next page says how to go on.
    if (reply?.body?.is_final || reply?.status === 410) {
      location.replace(settings.doneUrl);
      return null;
    }
    frame.say(reply ? say.server_away : say.no_connection);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Resolves once the server can be reached, to whether it had to wait. */
async function untilOnline() {
  for (let hadToWait = false; ; hadToWait = true) {
    if ((await asked(settings.healthUrl))?.ok) return hadToWait;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** The server's answer; null where none comes. */
async function asked(url) {
  try {
    return await reach(url, { cache: "no-store" });
  } catch (error) {
    if (error instanceof Unreachable) return null;
    throw error;
  }
}

const frame = new Frame();
main(frame).catch((error) => {
  console.error(error);
  frame.showWait(false);
  frame.say(say.fault, "danger");
});
