// Text, sliders, boxes and buttons that give an answer.
class TextField extends Field {
  draw() {
    const tag = this.localName === "crowd-input" ? "input" : "textarea";
    const control = make(tag, { value: this.words("value") });
    control.addEventListener("input", () => {
      control.setCustomValidity("");
      const allowed = this.has("auto-validate") && this.getAttribute("allowed-pattern");
      if (allowed) control.value = [...control.value].filter((one) => RegExp(allowed).test(one)).join("");
      this.dispatchEvent(new Event("input", { bubbles: true }));
    });
    control.addEventListener("change", () => this.dispatchEvent(new Event("change", { bubbles: true })));
    // Written as <crowd-input/>, it holds what follows it: that has to be seen.
    return [make("label", {}, make("span"), control), make("slot")];
  }

  update() {
    const { control } = this;
    this.shadowRoot.querySelector("span").textContent = this.words("label", "name");
    control.placeholder = this.words("placeholder");
    control.disabled = this.has("disabled");
    if (control.localName === "input") control.type = this.words("type") || "text";
    else control.rows = Number(this.getAttribute("rows")) || 3;
    if (Number(this.getAttribute("max-length"))) control.maxLength = Number(this.getAttribute("max-length"));
  }

  get trouble() {
    return this.words("type") === "file" ? `<${this.localName} type="file"> asks for a file, which this marketplace does not take.` : "";
  }

  get complaint() {
    const least = Number(this.getAttribute("min-length")) || 0;
    if (this.has("required") && !this.value) return this.words("error-message") || "Please fill in this field.";
    return this.value && this.value.length < least ? this.words("error-message") || `Please write at least ${least} characters.` : "";
  }

  get value() { return this.control?.value ?? this.words("value"); }

  set value(text) {
    if (this.control) this.control.value = text ?? "";
    else this.setAttribute("value", text ?? "");
  }

  get answer() { return this.value || undefined; }
}

class Slider extends Field {
  draw() {
    const bar = make("input", { type: "range" });
    const exact = make("input", { type: "number" });
    for (const [one, other] of [[bar, exact], [exact, bar]]) {
      one.addEventListener("input", () => {
        this.isMoved = true;
        other.value = one.value;
        this.show();
        this.dispatchEvent(new Event("input", { bubbles: true }));
      });
      one.addEventListener("change", () => this.dispatchEvent(new Event("change", { bubbles: true })));
    }
    // A click on the knob says "this value" as well, though it moves nothing.
    bar.addEventListener("pointerup", () => { this.isMoved = true; this.show(); });
    return [make("div", {}, make("span"), " ", make("output")), bar, exact, make("slot")];
  }

  update() {
    const [bar, exact] = this.shadowRoot.querySelectorAll("input");
    for (const control of [bar, exact]) {
      for (const name of ["min", "max", "step"]) {
        if (this.hasAttribute(name)) control[name] = this.getAttribute(name);
      }
      if (!this.isMoved) control.value = this.words("value", "min") || "0";
      control.disabled = this.has("disabled");
      control.setAttribute("aria-label", this.words("label", "name"));
    }
    exact.hidden = !this.has("editable");
    exact.style.display = exact.hidden ? "none" : "";
    this.shadowRoot.querySelector("span").textContent = this.words("label", "name");
    this.show();
  }

  show() {
    const output = this.shadowRoot.querySelector("output");
    output.hidden = !this.has("pin");
    output.textContent = this.isAnswered ? this.control.value : "not chosen yet";
    if (!this.isAnswered) this.shadowRoot.querySelector("[type=number]").value = "";
  }

  get isAnswered() { return Boolean(this.isMoved || this.hasAttribute("value")); }

  get complaint() {
    return this.has("required") && !this.isAnswered ? "Please choose a value." : "";
  }

  get value() { return Number(this.control?.value ?? this.words("value", "min")); }

  set value(number) {
    this.isMoved = true;
    for (const control of this.shadowRoot.querySelectorAll("input")) control.value = number;
    this.show();
  }

  get answer() { return this.isAnswered ? this.value : undefined; }
}

/** Check boxes, toggles and radio buttons; radio buttons know their neighbours. */
class Choice extends Field {
  get isRadio() { return this.localName === "crowd-radio-button"; }

  draw() {
    const control = make("input", { type: this.isRadio ? "radio" : "checkbox", checked: this.has("checked") });
    if (this.localName === "crowd-toggle-button") control.setAttribute("role", "switch");
    control.addEventListener("change", () => {
      this.checked = control.checked;
      this.dispatchEvent(new Event("change", { bubbles: true }));
    });
    control.addEventListener("keydown", (event) => this.step(event));
    const words = make("slot", {}, this.words("label") || this.words("value", "name"));
    return [make("label", { className: "choice" }, control, make("span", {}, words))];
  }

  update() { this.control.disabled = this.has("disabled"); }

  get neighbours() {
    const group = this.closest("crowd-radio-group");
    const all = (group ?? this.closest("crowd-form") ?? document).querySelectorAll("crowd-radio-button");
    return [...all].filter((each) => each.closest("crowd-radio-group") === group
      && (group || each.getAttribute("name") === this.getAttribute("name")));
  }

  step(event) {
    const move = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!this.isRadio || !move) return;
    event.preventDefault();
    const all = this.neighbours.filter((each) => !each.has("disabled"));
    const next = all[(all.indexOf(this) + move + all.length) % all.length];
    next.control.focus();
    next.control.click();
  }

  get checked() { return this.control?.checked ?? this.has("checked"); }

  set checked(isOn) {
    if (!this.control) { this.toggleAttribute("checked", isOn); return; }
    this.control.checked = isOn;
    if (!isOn || !this.isRadio) return;
    for (const each of this.neighbours) {
      each.control?.setCustomValidity("");
      if (each !== this) each.checked = false;
    }
  }

  get complaint() {
    const group = this.isRadio && this.closest("crowd-radio-group");
    if (group) return group.has("required") && !this.neighbours.some((each) => each.checked) ? "Please choose one of these." : "";
    return this.has("required") && !this.checked ? "Please tick this." : "";
  }

  get value() { return this.words("value") || "on"; }

  set value(text) { this.setAttribute("value", text); }

  get answer() { return { [this.value]: this.checked }; }
}

