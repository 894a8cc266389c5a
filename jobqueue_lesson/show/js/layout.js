// Where everything is on the stage, in pixels. A box is {x, y, w, h}; a job's spot is its middle, {x, y, size}.

const TITLE = 24; // height of a place's title
const ROW = 27; // height of a job that is drawn with its name
const NARROW = 640; // a stage of less than this width

/** Return the boxes of the places. Held-back jobs have one only if a record has any. */
export function placeBoxes(width, height, hasHeldBack) {
  const gap = Math.max(6, 0.014 * width);
  const [api, middle, workers] = width < NARROW ? [0.12, 0.36, 0.31] : [0.11, 0.4, 0.29];
  const x1 = api * width + gap;
  const x2 = x1 + middle * width + gap;
  const x3 = x2 + workers * width + gap;
  const held = hasHeldBack ? Math.round(0.45 * height) : 0;
  const failed = Math.round(0.36 * height);
  const top = held ? held + gap / 2 : 0;
  return {
    api: { x: 0, y: 0, w: api * width, h: height },
    heldBack: { x: x1, y: 0, w: middle * width, h: held - gap / 2 },
    queue: { x: x1, y: top, w: middle * width, h: height - top },
    workers: { x: x2, y: 0, w: workers * width, h: height },
    completed: { x: x3, y: 0, w: width - x3, h: height - failed - gap / 2 },
    failed: { x: x3, y: height - failed + gap / 2, w: width - x3, h: failed - gap / 2 },
  };
}

/** Put jobs into a place's box: in rows with their names if `peak` of them fit, else as a grid.
 * Return their spots, and how many are `hidden` because they do not fit. In a row, `row` is the width for the name. */
export function arrangeJobs(jobs, box, peak) {
  const inner = { x: box.x + 8, y: box.y + TITLE + 2, w: box.w - 16, h: box.h - TITLE - 4 };
  const rows = Math.floor(inner.h / ROW);
  const halves = peak > rows && inner.w >= 330 ? 2 : 1;
  if (peak > rows * halves || inner.w <= 110) return arrangeInGrid(jobs, inner, peak);
  const spots = jobs.map((job, i) => {
    const x = inner.x + Math.floor(i / rows) * (inner.w / halves) + 11;
    return { job, x, y: inner.y + ((i % rows) + 0.5) * ROW, size: 22, row: inner.w / halves - 28 };
  });
  return { spots, hidden: 0 };
}

function arrangeInGrid(jobs, inner, peak) {
  let cell = 26;
  const columns = () => Math.max(1, Math.floor(inner.w / cell));
  const room = () => columns() * Math.max(1, Math.floor(inner.h / cell));
  while (cell > 8 && room() < peak) cell -= 1;
  const spots = jobs.slice(0, room()).map((job, i) => {
    const [column, line] = [i % columns(), Math.floor(i / columns())];
    return { job, x: inner.x + (column + 0.5) * cell, y: inner.y + (line + 0.5) * cell, size: cell - 3 };
  });
  return { spots, hidden: jobs.length - spots.length };
}

/** Put workers into their box, a lane each: {worker, x, y, w, h}. If not all fit, only those that are running a job
 * (`running` maps a worker to its job). `wide` lanes have room for a name, `tall` ones for two lines of text. */
export function arrangeWorkers(workers, running, box) {
  const inner = { x: box.x + 6, y: box.y + TITLE + 2, w: box.w - 12, h: box.h - TITLE - 6 };
  const wide = inner.h / Math.max(1, workers.length) >= 30;
  const height = wide ? Math.min(74, inner.h / workers.length) : 26;
  const columns = wide ? 1 : Math.max(1, Math.floor(inner.w / 26));
  const room = columns * Math.max(1, Math.floor(inner.h / height));
  const shown = workers.length <= room ? workers : workers.filter((worker) => running.has(worker));
  const lanes = shown.slice(0, room).map((worker, i) => ({
    worker,
    x: inner.x + (i % columns) * (inner.w / columns),
    y: inner.y + Math.floor(i / columns) * height,
    w: inner.w / columns - (wide ? 0 : 2),
    h: height - 4,
  }));
  return { lanes, wide, tall: wide && height - 4 >= 44 };
}
