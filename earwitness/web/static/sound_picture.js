// Pictures of a sound: its waveform, and its spectrum over time. Drawing alone: it plays nothing and keeps nothing.

const WINDOW = 512;
const LOWEST_DB = -72;

/** Clear a canvas and give it as many pixels as the screen shows; gives its context, width and height in pixels. */
function fresh(canvas) {
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * devicePixelRatio));
  canvas.height = Math.max(1, Math.round(canvas.clientHeight * devicePixelRatio));
  return { context: canvas.getContext("2d"), width: canvas.width, height: canvas.height };
}

const inkOf = (canvas) => getComputedStyle(canvas).color;

/** The least and greatest sample of every column. */
export function drawWave(canvas, samples) {
  const { context, width, height } = fresh(canvas);
  context.fillStyle = inkOf(canvas);
  const step = samples.length / width;
  const loudest = samples.reduce((most, one) => Math.max(most, Math.abs(one)), 1e-4);
  for (let column = 0; column < width; column += 1) {
    let low = 0;
    let high = 0;
    for (let at = Math.floor(column * step); at < Math.min(samples.length, (column + 1) * step); at += 1) {
      low = Math.min(low, samples[at]);
      high = Math.max(high, samples[at]);
    }
    const top = (height / 2) * (1 - high / loudest);
    context.fillRect(column, top, 1, Math.max(1, ((high - low) / loudest) * (height / 2)));
  }
}

/** How strong every pitch is at every moment, up to half of the rate; the strongest is as dark as ink. */
export function drawSpectrum(canvas, samples) {
  const { context, width, height } = fresh(canvas);
  const [red, green, blue] = inkOf(canvas).match(/[\d.]+/g).map(Number);
  const columns = Array.from({ length: width }, (_, column) => powers(samples, Math.round((column / width) * samples.length) - WINDOW / 2));
  const most = columns.reduce((strongest, powersOfColumn) => powersOfColumn.reduce((one, other) => Math.max(one, other), strongest), 1e-12);
  const image = context.createImageData(width, height);
  columns.forEach((powersOfColumn, column) => {
    for (let row = 0; row < height; row += 1) {
      const power = powersOfColumn[Math.min(powersOfColumn.length - 1, Math.floor(((height - 1 - row) / height) * powersOfColumn.length))];
      const shade = Math.max(0, 1 - (10 * Math.log10(power / most + 1e-12)) / LOWEST_DB);
      image.data.set([red, green, blue, Math.round(255 * shade)], 4 * (row * width + column));
    }
  });
  context.putImageData(image, 0, 0);
}

export function clearPicture(canvas) {
  canvas.width = 1;
  canvas.height = 1;
}

/** The power of each frequency in the window of samples that begins there (Cooley and Tukey, 1965). */
function powers(samples, start) {
  const real = new Float32Array(WINDOW);
  const imaginary = new Float32Array(WINDOW);
  for (let at = 0; at < WINDOW; at += 1) {
    const hann = 0.5 - 0.5 * Math.cos((2 * Math.PI * at) / WINDOW);
    real[reversed(at)] = (samples[start + at] ?? 0) * hann;
  }
  for (let size = 2; size <= WINDOW; size *= 2) {
    const half = size / 2;
    for (let at = 0; at < WINDOW; at += 1) {
      const place = at % size;
      if (place >= half) continue;
      const angle = (-2 * Math.PI * place) / size;
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      const other = at + half;
      const [x, y] = [real[other] * cos - imaginary[other] * sin, real[other] * sin + imaginary[other] * cos];
      [real[other], imaginary[other]] = [real[at] - x, imaginary[at] - y];
      real[at] += x;
      imaginary[at] += y;
    }
  }
  return Array.from({ length: WINDOW / 2 }, (_, bin) => real[bin] ** 2 + imaginary[bin] ** 2);
}

function reversed(index) {
  let turned = 0;
  for (let bit = 1; bit < WINDOW; bit *= 2) turned = turned * 2 + (index & bit ? 1 : 0);
  return turned;
}
