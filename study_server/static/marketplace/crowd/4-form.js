// What gives no answer, the form around it all, and what it sends.
class Button extends Drawn {
  draw() {
    if (this.hasAttribute("href")) {
      const { href, target } = { href: this.getAttribute("href"), target: this.words("target") || "_blank" };
      return [make("a", { className: "button", href, target, rel: "noopener" }, make("slot"))];
    }
    const button = make("button", { type: "button" }, make("slot", {}, this.words("label", "title", "icon") || "Button"));
    button.addEventListener("click", () => {
      const action = this.getAttribute("form-action");
      if (action === "submit") this.closest("crowd-form")?.requestSubmit();
      if (action === "reset") location.reload();
    });
    return [button];
  }

  update() {
    const button = this.shadowRoot.querySelector("button");
    if (!button) return;
    const isClosed = this.getAttribute("form-action") === "submit" && isPreview();
    button.disabled = isClosed || this.has("disabled");
  }
}

/** Instructions and the like that are opened by a click. */
class Folded extends Drawn {
  draw() {
    const words = this.localName === "crowd-modal" ? "Click to open modal" : "View instructions";
    return [make("details", {}, make("summary", {}, this.words("link-text") || words), make("slot"))];
  }
}

/** Tabs stand below each other, cards and messages where they are. */
class Shown extends Drawn {
  draw() {
    const box = make("div", { className: this.localName === "crowd-card" ? "card" : "" });
    if (["crowd-alert", "crowd-toast"].includes(this.localName)) box.setAttribute("role", "status");
    const title = this.words("header", "heading", "label", "text");
    const image = this.getAttribute("image");
    if (image) box.append(make("img", { src: image, alt: "" }));
    if (title) box.append(make(this.localName === "crowd-tab" ? "h3" : "div", { textContent: title }));
    box.append(make("slot"));
    return [box];
  }
}

/** Any crowd element that there is no drawing for. */
class Undrawn extends Drawn {
  get trouble() {
    return `This marketplace does not draw <${this.localName}>: it stands in for plain form elements only.`;
  }

  draw() { return [make("p", { className: "note", role: "alert", textContent: this.trouble })]; }
}

class Form extends Drawn {
  get form() { return this; }

  draw() {
    const button = make("button", { type: "button", textContent: "Submit" });
    button.addEventListener("click", () => this.requestSubmit());
    this.addEventListener("click", (event) => {
      const pressed = event.target.closest?.("button, input[type=submit]");
      if (pressed?.type === "submit" && !pressed.form) this.requestSubmit();
    });
    this.addEventListener("keydown", (event) => {
      const [inside] = event.composedPath();
      if (event.key === "Enter" && inside.localName === "input" && !inside.form && !event.isComposing) this.requestSubmit();
    });
    return [make("p", { className: "note", role: "alert", hidden: true }), make("slot"), button];
  }

  update() {
    const [note, button] = this.shadowRoot.querySelectorAll("p.note, button");
    const troubles = allTroubles();
    button.hidden = Boolean(this.querySelector("crowd-button[form-action=submit]"));
    button.style.display = button.hidden ? "none" : "";
    button.disabled = isPreview() || troubles.length > 0;
    note.hidden = troubles.length === 0;
    const words = ["This HIT cannot be submitted here. Please return it.", ...troubles].join("\n");
    if (note.textContent !== words) note.textContent = words;
  }

  requestSubmit() {
    if (!this.mayBeSent()) return;
    const event = new Event("submit", { bubbles: true, cancelable: true });
    if (this.dispatchEvent(event)) this.send();
  }

  submit() { if (this.mayBeSent()) this.send(); }

  mayBeSent() {
    this.update();
    if (isPreview() || this.isSent) return false;
    if (allTroubles().length) {
      this.shadowRoot.querySelector("p.note").scrollIntoView({ block: "center" });
      return false;
    }
    const wrong = [...this.querySelectorAll("*")].find((each) =>
      each instanceof Field ? !each.isGood(false) : each.willValidate && !each.checkValidity());
    if (wrong instanceof Field) wrong.isGood(true);
    else wrong?.reportValidity();
    return !wrong;
  }

  send() {
    this.isSent = true;
    const parameters = new URLSearchParams(location.search);
    const form = make("form", {
      method: "post",
      action: `${parameters.get("turkSubmitTo") ?? ""}/mturk/externalSubmit`,
      hidden: true,
    });
    const answers = answersIn(this);
    const isFlat = this.getAttribute("answer-format") === "flatten-objects";
    const fields = isFlat ? flattened(answers) : [["taskAnswers", JSON.stringify([answers])]];
    for (const [name, value] of [["assignmentId", parameters.get("assignmentId")], ...fields]) {
      form.append(make("textarea", { name, value }));
    }
    document.body.append(form);
    HTMLFormElement.prototype.submit.call(form);
  }
}

function isPreview() {
  const id = new URLSearchParams(location.search).get("assignmentId");
  return id === null || id === NOT_AVAILABLE;
}

function crowdElements() {
  return [...document.querySelectorAll("*")].filter((each) => each.localName.startsWith("crowd-"));
}

function allTroubles() {
  const troubles = crowdElements().map((each) => each.trouble);
  if (document.querySelector("crowd-form input[type=file]")) {
    troubles.push('<input type="file"> asks for a file, which this marketplace does not take.');
  }
  return [...new Set(troubles.filter(Boolean))];
}

/** What fields hold by name: our own and native ones; a name used twice loses nothing. */
function answersIn(holder) {
  const answers = {};
  for (const field of holder.querySelectorAll("*")) {
    const name = nameOf(field);
    const answer = name ? answerOf(field) : undefined;
    if (answer !== undefined) answers[name] = joined(answers[name], answer);
  }
  return answers;
}

/** A radio button may leave its name to its group. */
function nameOf(field) {
  return field.getAttribute("name") ?? field.closest("crowd-radio-group")?.getAttribute("name");
}

function joined(before, added) {
  if (before === undefined) return added;
  if (typeof before === "boolean") return before || added;
  if (Array.isArray(before)) return before.concat(added);
  if (typeof before !== "object" || typeof added !== "object") return `${before}|${added}`;
  const all = { ...before };
  for (const [key, value] of Object.entries(added)) all[key] = joined(all[key], value);
  return all;
}

function answerOf(field) {
  if (field instanceof Field) return field.has("disabled") ? undefined : field.answer;
  if (field.disabled || !["input", "select", "textarea"].includes(field.localName)) return undefined;
  if (["submit", "button", "image", "reset"].includes(field.type) || field.name === "assignmentId") return undefined;
  if (["checkbox", "radio"].includes(field.type)) return { [field.value]: field.checked };
  return field.selectedOptions ? [...field.selectedOptions].map((each) => each.value).join("|") : field.value;
}

/** A field for each part of an answer: `category.label`; lists stay JSON. */
function flattened(answer, name = "") {
  if (typeof answer !== "object" || Array.isArray(answer)) {
    return [[name, typeof answer === "string" ? answer : JSON.stringify(answer)]];
  }
  return Object.entries(answer).flatMap(([key, part]) => flattened(part, name ? `${name}.${key}` : key));
}

/** Forms of the page's own that hold crowd elements: the same rules, a field each. */
function isHeldBack(form) {
  const fields = [...form.querySelectorAll("*")].filter((each) => each instanceof Field);
  const wrong = fields.find((each) => !each.isGood(false));
  wrong?.isGood(true);
  return Boolean(wrong) || allTroubles().length > 0;
}

document.addEventListener("submit", (event) => {
  if (event.target instanceof HTMLFormElement && isHeldBack(event.target)) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);
document.addEventListener("formdata", ({ target, formData }) => {
  for (const field of target.querySelectorAll("*")) {
    const name = nameOf(field);
    const answer = field instanceof Field && name ? answerOf(field) : undefined;
    if (answer !== undefined) flattened(answer, name).forEach((entry) => formData.append(...entry));
  }
});

const DRAWINGS = {
  "crowd-input": TextField, "crowd-text-area": TextField, "crowd-slider": Slider,
  "crowd-checkbox": Choice, "crowd-toggle-button": Choice, "crowd-radio-button": Choice,
  "crowd-classifier": Classifier, "crowd-image-classifier": Classifier,
  "crowd-classifier-multi-select": Classifier,
  "crowd-image-classifier-multi-select": Classifier,
  "crowd-button": Button, "crowd-fab": Button, "crowd-icon-button": Button,
  "crowd-instructions": Folded, "crowd-modal": Folded,
  "crowd-alert": Shown, "crowd-badge": Shown, "crowd-card": Shown, "crowd-tab": Shown,
  "crowd-tabs": Shown, "crowd-toast": Shown, "crowd-radio-group": Shown,
  "crowd-form": Form,
};
for (const [name, Drawing] of Object.entries(DRAWINGS)) customElements.define(name, class extends Drawing {});

function look() {
  for (const { localName } of crowdElements()) {
    if (!customElements.get(localName)) customElements.define(localName, class extends Undrawn {});
  }
  document.querySelectorAll("crowd-form").forEach((form) => form.update());
}

function begin() {
  look();
  new MutationObserver(look).observe(document, {
    childList: true, subtree: true, attributeFilter: ["categories", "exclusion-category", "type"],
  });
  document.dispatchEvent(new Event("all-crowd-elements-ready"));
}

if (document.readyState === "loading") addEventListener("DOMContentLoaded", begin);
else begin();
