// The sheet: streamlit-drawable-canvas without its toolbar, and with an undo and a clear that act
// in the browser at once. Waiting for the server, they would wipe what was drawn in the meantime.

const sheets = new WeakMap();

export default async function (component) {
  const root = component.parentElement;
  if (!sheets.has(root)) sheets.set(root, new Sheet(root));
  const sheet = sheets.get(root);
  const call = ++sheet.calls;
  // The package's style sheet lies beside its module, wherever the server is.
  const folder = root.querySelector("link[rel=stylesheet]").href;
  const canvas = await import(new URL(component.data.initialDrawing.module, folder).href);
  if (call === sheet.calls) sheet.take(component, canvas.default);
  return () => {
    if (call !== sheet.calls) return; // a later call lives on in the same place
    sheet.close();
    sheets.delete(root);
  };
}

class Sheet {
  calls = 0;
  states = [[]]; // what lay on the sheet, the newest last: lists of Fabric's objects
  number = null; // which of the server's drawings this one began with
  shown = null; // what the package was last told to load
  loading = false; // the package loads in its own time, and says what lies there once it has
  down = false;

  constructor(root) {
    this.root = root;
    this.undoButton = root.querySelector(".undo");
    this.undoButton.onclick = () => this.undo();
    root.querySelector(".clear").onclick = () => this.clear();
    const until = { capture: true, signal: (this.listening = new AbortController()).signal };
    for (const begin of ["mousedown", "touchstart"])
      root.addEventListener(begin, (event) => (this.down = event.target.matches("canvas")), until);
    for (const end of ["mouseup", "touchend"])
      document.addEventListener(end, (event) => this.penUp(event), until);
    document.addEventListener("keydown", (event) => this.keyDown(event), until);
  }

  get objects() {
    return this.states.at(-1);
  }

  take(component, canvas) {
    const { data, setStateValue } = component;
    const { number, objects, words, background } = data.initialDrawing;
    Object.assign(this, { component, canvas, setStateValue, words });
    if (number !== this.number) {
      if (this.number !== null) this.report();
      this.number = number;
      // Undo takes it away stroke by stroke, and then brings back what was there before.
      objects.forEach((_, last) => this.states.push(objects.slice(0, last + 1)));
      this.load();
    } else if (background !== this.shown.background) {
      this.report();
      this.load(); // the paper was changed: the same drawing in another ink
    } else {
      this.render();
    }
    // The package's toolbar lies over the sheet, and takes strokes even where it is not seen.
    this.toolbar ??= this.root.querySelector(".dc-toolbar");
    this.toolbar.remove();
    this.describe();
  }

  load() {
    const { strokeColor, initialDrawing } = this.component.data;
    this.loading = this.shown !== null; // of its first drawing it says nothing
    this.shown = {
      objects: this.objects.map((object) => ({ ...object, stroke: strokeColor })),
      background: initialDrawing.background,
      turn: (this.shown?.turn ?? 0) + 1, // so that the package sees a change in any case
    };
    this.render();
  }

  render() {
    this.dispose = this.canvas({
      ...this.component,
      data: { ...this.component.data, initialDrawing: this.shown },
      setStateValue: (name, value) => name === "drawing" && this.drawn(value.raw.objects),
    });
  }

  // The package says what lies on the sheet: a stroke more than we know of was just drawn.
  drawn(objects) {
    const loaded = this.loading;
    this.loading = false;
    if (loaded || objects.length <= this.objects.length) return;
    this.states.push(objects);
    this.send();
  }

  // Have the package say it now, not 200 ms after the pen has left the sheet.
  report() {
    if (!this.loading) this.toolbar.querySelector("button").click();
  }

  send() {
    this.setStateValue("drawing", { raw: { objects: this.objects, number: this.number } });
    this.describe();
  }

  undo() {
    this.report();
    if (this.down || this.states.length < 2) return;
    this.states.pop();
    this.load();
    this.send();
  }

  clear() {
    this.report();
    if (!this.objects.length) return;
    this.states.push([]);
    this.load();
    this.send();
  }

  // Fabric drops the last point but one of a stroke, the corner of a fast 7: it gets one to drop.
  penUp(event) {
    if (!this.down) return;
    this.down = false;
    const { clientX, clientY } = event.changedTouches?.[0] ?? event;
    const move = new Event(event.changedTouches ? "touchmove" : "mousemove", {
      bubbles: true, cancelable: true, composed: true,
    });
    Object.assign(move, { clientX: clientX + 0.01, clientY });
    this.root.querySelector(".upper-canvas").dispatchEvent(move);
  }

  keyDown(event) {
    const { ctrlKey, metaKey, shiftKey, altKey, key } = event;
    if (!(ctrlKey || metaKey) || shiftKey || altKey || key.toLowerCase() !== "z") return;
    if (event.composedPath()[0].closest?.("input, textarea, [contenteditable]")) return;
    event.preventDefault();
    this.undo();
  }

  describe() {
    const { words, objects, undoButton } = this;
    undoButton.textContent = words.undo;
    undoButton.disabled = this.states.length < 2;
    this.root.querySelector(".clear").textContent = words.clear;
    const sheet = this.root.querySelector(".upper-canvas");
    const shows = objects.length ? words.strokes.replace("#", objects.length) : words.empty;
    sheet.setAttribute("role", "img");
    sheet.setAttribute("aria-label", `${words.sheet} ${shows}`);
  }

  close() {
    this.listening.abort();
    this.dispose?.();
  }
}
