// Handles in the picture: dragged with the pointer, moved with the arrow keys. The picture is replaced meanwhile, so the
// pointer belongs to what holds it.

const KEYS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowDown: [1, -1], ArrowUp: [1, 1] };

export function startDragging(holder, { shown, get, hold, move }) {
  let handle = null;

  holder.addEventListener("pointerdown", (event) => {
    const found = event.target.closest("[data-handle]");
    if (!found || event.button) return;
    handle = found.dataset.handle;
    event.preventDefault();
    found.focus({ preventScroll: true });
    holder.setPointerCapture(event.pointerId);
    document.body.classList.add("dragging");
    hold(true);
  });

  holder.addEventListener("pointermove", (event) => {
    const picture = shown();
    const svg = holder.querySelector("svg");
    if (!handle || !svg || !picture?.window) return;
    const area = svg.getBoundingClientRect(), paper = svg.viewBox.baseVal;
    const place = [paper.x + (event.clientX - area.left) * paper.width / area.width, (event.clientY - area.top) * paper.height / area.height];
    const numbers = [0, 1].map((axis) => {
      const [low, high] = picture.window.slice(2 * axis), [begin, end] = picture.paper.slice(2 * axis);
      return Math.min(Math.max(low + (place[axis] - begin) / (end - begin) * (high - low), low), high);
    });
    const axes = get(handle).length > 1 ? [0, 1] : [axis(handle)];
    move(handle, axes.map((i) => snapped(numbers[i], picture.snap)));
  });

  const end = () => {
    if (!handle) return;
    handle = null;
    document.body.classList.remove("dragging");
    hold(false);
  };
  holder.addEventListener("pointerup", end);
  holder.addEventListener("pointercancel", end);

  holder.addEventListener("keydown", (event) => {
    const found = event.target.closest("[data-handle]");
    if (!found || !(event.key in KEYS)) return;
    const name = found.dataset.handle, values = get(name), [direction, sign] = KEYS[event.key];
    const index = values.length > 1 ? direction : 0;
    const snap = shown()?.picture?.snap ?? shown()?.snap;
    event.preventDefault();
    values[index] = snapped(number(values[index]) + sign * number(snap) * (event.shiftKey ? 10 : 1), snap);
    move(name, values);
  });
}

const axis = (handle) => (handle === "x" || handle === "y" ? 0 : Number(handle.at(-1)));

function number(text) {
  const [over, under] = String(text).split("/");
  return under ? Number(over) / Number(under) : Number(text);
}

// The nearest multiple of the step (1, 2 or 5 times a power of ten) as the decimal that it exactly is.
function snapped(value, snap) {
  const step = number(snap), digits = Math.min(Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)), 12);
  return String(Number((Math.round(value / step) * step).toFixed(digits)));
}
