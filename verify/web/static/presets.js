// Where to start: states of the page, each with what it shows.

const image = (...on) => Array.from({ length: 9 }, (_, i) => (on.includes(i) ? "1" : "0")).join(",");
const nine = (value) => Array(9).fill(value).join(",");

export const base = {
  model: "neuron", act: "relu", slope: "0.1", weights: "1", bias: "0", out: "1", plus: "0",
  low: "-2", high: "2", x: "-1", y: "1.5", property: "additive", a: "1", b: "1", t: "2", e: "1/2",
};

export const presets = [
  ["One ReLU", "Is ReLU linear? No: drag x to the left of 0 and y to the right. Yet it scales by every t ≥ 0, and it is convex.", {}],
  ["A positive bias", "Nonnegative weights, nonnegative inputs: affine, as everybody says. Not additive, because f(0) is not 0. Set the bias to 0.",
    { bias: "1", low: "0", high: "inf", x: "0.5", y: "1.5" }],
  ["Two ReLU that cancel", "relu(x) − relu(−x) is x: both units switch at 0, and nothing bends. Change one weight a little.",
    { model: "hidden", weights: "1;-1", bias: "0,0", out: "1,-1" }],
  ["A negative weight that does no harm", "relu(5 − x) on [0, 1]: the bias keeps the unit on. Drag the region's right side past 5.",
    { weights: "-1", bias: "5", low: "0", high: "1", x: "0.3", y: "0.6", property: "affine" }],
  ["x + y leaves the region", "On [0, 1] this neuron is off: additive. But x + y may be 2, where it is on. Which reading decides?",
    { bias: "-1.5", low: "0", high: "1", x: "0.9", y: "0.9" }],
  ["A triangle or a hexagon?", "Three ReLU, one for each side: where f = 0, the thick line, looks like a triangle. It has six sides, because near each corner two units are on. Move c towards 0: the short sides shrink, and stay.",
    { model: "surface", weights: "1,0;-0.5,0.9;-0.5,-0.9", bias: "-1,-1,-1", out: "-1,-1,-1", plus: "0.5", low: "-4,-3", high: "3,3", x: "-2,1", y: "1,0.5", property: "concave" }],
  ["A convolution with one negative weight", "The network of the forum's question: a 2 × 2 kernel on a 3 × 3 image, ReLU, and the sum. Click into the images.",
    { model: "conv", weights: "1,2,-3,1", bias: "1", low: nine("0"), high: nine("1"), x: image(0), y: image(4, 8) }],
  ["The same without a negative weight", "Affine for all nonnegative images, and still not additive. Set the bias to 0.",
    { model: "conv", weights: "1,2,3,1", bias: "1", low: nine("0"), high: nine("inf"), x: image(0), y: image(4, 8) }],
  ["Leaky ReLU", "The slope is exactly one tenth. Move it to 1: then it is the identity.", { act: "leaky", slope: "0.1" }],
].map(([name, lesson, state]) => ({ name, lesson, state: { ...base, ...state } }));

// A network of each kind to begin with, where the kind is changed by hand.
export const starts = {
  neuron: { weights: "1", bias: "0", out: "1", plus: "0", low: "-2", high: "2", x: "-1", y: "1.5" },
  plane: { weights: "1,-0.5", bias: "0", out: "1", plus: "0", low: "-2,-2", high: "2,2", x: "-1,1", y: "1,0.5" },
  hidden: { weights: "1;-1", bias: "0,1", out: "1,1", plus: "0", low: "-2", high: "2", x: "-1", y: "1.5" },
  surface: { weights: "1,1;1,-1", bias: "0,0", out: "1,1", plus: "0", low: "-2,-2", high: "2,2", x: "-1,1", y: "1,0.5" },
  conv: { weights: "1,2,-3,1", bias: "1", out: "1", plus: "0", low: nine("0"), high: nine("1"), x: image(0), y: image(4, 8) },
};
