// What every drawn element is built on. The parts of this folder are joined into one
// script, in the order of their names: a page of a HIT loads one file, synchronously.
const NOT_AVAILABLE = "ASSIGNMENT_ID_NOT_AVAILABLE";
const ATTRIBUTES = ["allowed-pattern", "auto-validate", "categories", "checked", "disabled",
  "editable", "error-message", "exclusion-category", "header", "href", "icon", "label",
  "link-text", "max", "max-length", "min", "min-length", "pin", "placeholder", "required",
  "rows", "src", "step", "text", "type", "value"];
const STYLE = `
  :host { display: block; margin: .75rem 0; } :host([hidden]) { display: none; }
  :host(crowd-form) { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; }
  :host(crowd-button), :host(crowd-badge), :host(crowd-fab), :host(crowd-icon-button) {
    display: inline-block; margin: .25rem 0; }
  input:not([type=checkbox], [type=radio]), textarea { display: block; width: 100%;
    box-sizing: border-box; font: inherit; padding: .5rem; }
  input[type=number] { width: 8rem; } output { font-weight: 600; }
  .choice { display: flex; gap: .5rem; align-items: baseline; margin: .35rem 0; }
  fieldset, details, .card { border: 1px solid #8a8f98; border-radius: .25rem;
    padding: .5rem .75rem; }
  .note { border: 2px solid #b02a37; padding: .75rem; white-space: pre-line; }
  button, a.button { font: inherit; padding: .75rem 1.5rem; cursor: pointer; }
  button[disabled] { cursor: not-allowed; }
  :focus-visible { outline: 3px solid #0a58ca; outline-offset: 2px; }
  img { max-width: 100%; }`;

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

class Drawn extends HTMLElement {
  static get observedAttributes() { return ATTRIBUTES; }

  connectedCallback() {
    if (!this.shadowRoot) {
      const root = this.attachShadow({ mode: "open", delegatesFocus: true });
      root.append(make("style", { textContent: STYLE }), ...this.draw());
    }
    this.update();
  }

  attributeChangedCallback() { if (this.shadowRoot) this.update(); }

  /** Why nothing may be submitted while this is on the page; "" where all is well. */
  get trouble() { return ""; }

  draw() { return [make("slot")]; }

  update() {}

  has(name) { return this.hasAttribute(name) && this.getAttribute(name) !== "false"; }

  words(...names) {
    return names.map((name) => this.getAttribute(name)).find((each) => each !== null) ?? "";
  }
}

/** What gives an answer: `answer` (undefined where there is none) and `complaint`. */
class Field extends Drawn {
  get control() { return this.shadowRoot?.querySelector("input, textarea"); }

  get complaint() { return ""; }

  isGood(isTold) {
    const { control } = this;
    if (!control || this.has("disabled")) return true;
    control.setCustomValidity(this.complaint);
    return isTold ? control.reportValidity() : control.checkValidity();
  }
}

