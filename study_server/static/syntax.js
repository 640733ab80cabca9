// The newest syntax that the pages' scripts use, and nothing else: a browser that
// cannot read it never runs the last line. `entry.js` looks for that.

class Newest {
  #known = null;

  #read() {
    this.#known ??= true;
    return this.#known;
  }

  static works() {
    return new Newest().#read();
  }
}

document.documentElement.setAttribute("data-sl-syntax", String(Newest.works()));
