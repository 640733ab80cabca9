// Classifiers, and their lists of categories as people write them.
/** Words out of JSON, or out of what is nearly JSON, as templates often leave it. */
function readList(text) {
  try {
    return JSON.parse(text);
  } catch {
    // An apostrophe ends a text in single quotes only where the list goes on behind it.
    const near = text
      .replace(/"(?:\\.|[^"\\])*"|'((?:\\.|[^'\\]|'(?!\s*(?:[,\]}:]|$)))*)'/g, (all, inner) =>
        inner === undefined ? all : JSON.stringify(inner.replaceAll("\\'", "'")))
      .replace(/([{,]\s*)([A-Za-z_]\w*)\s*:/g, '$1"$2":')
      .replace(/,\s*([\]}])/g, "$1");
    try {
      return JSON.parse(near);
    } catch {
      if (/["'{}]/.test(text) || /^\s*\[[^\]]*$/.test(text)) return null;
      const words = text.replace(/^\s*\[|\]\s*$/g, "").split(",");
      return words.map((word) => word.trim()).filter(Boolean);
    }
  }
}

/** One category or more as {words, value}; null where the attribute cannot be read. */
function categoriesOf(text) {
  const found = readList(text);
  if (!Array.isArray(found)) return null;
  const entries = found.map((entry) => {
    const { label, text: words, value } = typeof entry === "object" && entry ? entry : { label: entry };
    return { words: label ?? words ?? value, value: value ?? label ?? words };
  });
  const isGood = entries.every(({ value }) => ["string", "number", "boolean"].includes(typeof value));
  return isGood ? entries.map(({ words, value }) => ({ words: String(words), value: String(value) })) : null;
}

class Classifier extends Field {
  get isMany() { return this.localName.endsWith("-multi-select"); }

  draw() {
    const group = make("fieldset", {}, make("legend"));
    group.addEventListener("change", ({ target }) => {
      for (const each of this.controls) {
        each.setCustomValidity("");
        // Either some categories, or the one that says "none of these".
        if (this.isMany && target.checked && each.dataset.not !== target.dataset.not) each.checked = false;
      }
      this.dispatchEvent(new Event("change", { bubbles: true }));
    });
    return [make("img", { alt: "What is to be classified" }), make("slot"), group];
  }

  update() {
    const image = this.shadowRoot.querySelector("img");
    image.hidden = !this.hasAttribute("src");
    if (this.hasAttribute("src")) image.src = this.getAttribute("src");
    this.shadowRoot.querySelector("legend").textContent = this.words("header");
    const before = new Set(this.chosen);
    const group = this.shadowRoot.querySelector("fieldset");
    for (const old of group.querySelectorAll("label, p")) old.remove();
    group.append(...this.trouble ? [make("p", { className: "note", role: "alert", textContent: this.trouble })] : this.labels(before));
  }

  labels(before) {
    const none = this.hasAttribute("exclusion-category") ? categoriesOf(`[${this.getAttribute("exclusion-category")}]`) : [];
    return [...this.entries, ...none].map(({ words, value }, number) => {
      const control = make("input", { type: this.isMany ? "checkbox" : "radio", name: "choice", value });
      control.checked = before.has(value);
      control.dataset.not = number < this.entries.length ? "" : "none";
      return make("label", { className: "choice" }, control, make("span", { textContent: words }));
    });
  }

  get entries() { return categoriesOf(this.words("categories")); }

  get categories() { return this.entries?.map(({ value }) => value) ?? []; }

  set categories(list) { this.setAttribute("categories", JSON.stringify(list)); }

  get controls() { return [...this.shadowRoot?.querySelectorAll("input") ?? []]; }

  get chosen() { return this.controls.filter((each) => each.checked).map((each) => each.value); }

  get trouble() {
    const text = this.words("categories");
    const none = this.getAttribute("exclusion-category");
    if (none !== null && !categoriesOf(`[${none}]`)) return `The exclusion-category of <${this.localName}> cannot be read: ${none}`;
    if (this.entries?.length) return "";
    return `The categories of <${this.localName}> cannot be read: ${text || "there are none"}\n`
      + "Expected a JSON list of texts. In an attribute in single quotes an apostrophe ends the list: write it as &#39;";
  }

  get complaint() {
    const isNeeded = !this.isMany || this.hasAttribute("exclusion-category");
    if (!isNeeded || this.chosen.length) return "";
    return this.isMany ? "Please choose at least one of these." : "Please choose one of these.";
  }

  get value() {
    if (this.isMany) return { labels: this.chosen };
    return this.chosen.length ? { label: this.chosen[0] } : undefined;
  }

  get answer() { return this.value; }
}

