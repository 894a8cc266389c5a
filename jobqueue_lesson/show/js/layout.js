// Where everything is on the stage, in pixels. A box is {x, y, w, h}; a job's spot is its middle, {x, y, size}.
//
// A place has the room that it needs at its fullest, so that nothing moves while a record is played. What it needs is
// {most, words}: the most jobs that it ever holds at once (workers: how many there are), and the width of the widest
// words beside one. See labels.js.

export const TITLE = 26; // height of a place's title, and of a place that never holds anything
const GAP = 8; // between places
const ROW = 27; // height of a job that is drawn with its name
const CELL = 26; // of a job that is drawn without
const BESIDE = 36; // what a row has beside its words: the job's token, and gaps
const TALL = 54; // height of a worker with two lines: its name, and its job
const SHORT = 32; // of a worker with one
const MINI = 26; // of a worker that is a frame around its job
const HIGHEST = 320; // a stage with columns
const NARROW = 620; // a stage of less than this width, such as one on a phone, has its places one below the other

/** Return the `boxes` of the places, and the stage's `height`. A waiting room has a box only if it is ever needed.
 * `needs` has what each place needs and, for the API, the width of its words. */
export function placeBoxes(width, needs) {
  return width < NARROW ? stack(width, needs) : inColumns(width, needs);
}

function stack(width, needs) {
  const boxes = { api: { x: 0, y: 0, w: width, h: TITLE + 4 } };
  let y = TITLE + 4 + GAP;
  for (const place of ["heldBack", "queue", "workers", "completed", "failed"]) {
    if (place === "heldBack" && !needs.heldBack.most) continue;
    const h = heightOf(place, needs[place], width, { height: place === "workers" ? 250 : 112, rows: 4 });
    boxes[place] = { x: 0, y, w: width, h };
    y += h + GAP;
  }
  return { height: y - GAP, boxes };
}

function inColumns(width, needs) {
  const api = Math.max(64, needs.api + 16);
  const shared = width - api - 3 * GAP;
  const held = needs.heldBack.most ? ["heldBack"] : [];
  const columns = [
    [0.38, [...held, "queue"]],
    [0.32, ["workers"]],
    [0.3, ["completed", "failed"]],
  ].map(([share, places]) => columnOf(places, needs, share * shared));
  const height = Math.max(...columns.map((column) => column.height));
  const boxes = { api: { x: 0, y: 0, w: api, h: height } };
  let x = api + GAP;
  for (const { places, heights, w, height: own } of columns) {
    const full = places.filter((place) => needs[place].most);
    const more = full.length ? (height - own) / full.length : 0; // to fill the column
    let y = 0;
    for (const [n, place] of places.entries()) {
      const h = heights[n] + (needs[place].most ? more : 0);
      boxes[place] = { x, y, w, h };
      y += h + GAP;
    }
    x += w + GAP;
  }
  return { height, boxes };
}

/** Return how high a column of places wants to be, and each of them. If that is too much, all of them get less. */
function columnOf(places, needs, w) {
  const full = places.filter((place) => needs[place].most).length || 1;
  const fair = (HIGHEST - GAP - (places.length - full) * TITLE) / full;
  for (const limit of [HIGHEST, fair]) {
    const rows = Math.min(8, Math.floor((limit - TITLE - 6) / ROW));
    const heights = places.map((place) => heightOf(place, needs[place], w, { height: limit, rows }));
    const height = heights.reduce((sum, h) => sum + h, GAP * (places.length - 1));
    if (height <= HIGHEST || limit === fair) return { places, heights, w, height };
  }
}

function heightOf(place, need, width, limit) {
  if (!need.most) return TITLE;
  if (place === "workers") return planLanes(need, width, limit.height).height;
  const columns = namedColumns(need, width);
  const rows = columns ? Math.ceil(need.most / columns) : Infinity;
  if (rows <= limit.rows) return TITLE + rows * ROW + 6;
  const across = Math.max(1, Math.floor((width - 16) / CELL));
  return Math.min(limit.height, TITLE + Math.ceil(need.most / across) * CELL + 6);
}

/** Return how many columns of jobs with their names fit into a width. */
function namedColumns({ words }, width) {
  return Math.min(3, Math.floor((width - 16) / (words + BESIDE)));
}

/** Put jobs into a place's box: in rows with their names if the most that it needs fit, else as a grid. Return their
 * spots, and how many are `hidden` because they do not fit. In a row, `row` is the width for the name. */
export function arrangeJobs(jobs, box, need) {
  const inner = { x: box.x + 8, y: box.y + TITLE, w: box.w - 16, h: box.h - TITLE - 4 };
  const rows = Math.floor(inner.h / ROW);
  const columns = Math.min(namedColumns(need, box.w), Math.ceil(need.most / rows));
  if (columns * rows < need.most || !columns) return arrangeInGrid(jobs, inner, need.most);
  const w = inner.w / columns;
  const spots = jobs.slice(0, rows * columns).map((job, i) => {
    const x = inner.x + Math.floor(i / rows) * w + 11;
    return { job, x, y: inner.y + ((i % rows) + 0.5) * ROW, size: 22, row: w - BESIDE + 8 };
  });
  return { spots, hidden: jobs.length - spots.length };
}

function arrangeInGrid(jobs, inner, most) {
  let cell = CELL;
  const columns = () => Math.max(1, Math.floor(inner.w / cell));
  const room = () => columns() * Math.max(0, Math.floor(inner.h / cell));
  while (cell > 8 && room() < most) cell -= 1;
  const spots = jobs.slice(0, room()).map((job, i) => {
    const [column, line] = [i % columns(), Math.floor(i / columns())];
    return { job, x: inner.x + (column + 0.5) * cell, y: inner.y + (line + 0.5) * cell, size: cell - 3 };
  });
  return { spots, hidden: jobs.length - spots.length };
}

/** Plan how workers fit into a width, and a height if they can: with two lines, with one, or only as frames. Return how
 * many are beside each other in how many `rows`, how high one is, and how high their box. */
function planLanes({ most, words }, width, limit) {
  const fit = Math.floor((width - 12) / (words + BESIDE + 8));
  const columns = Math.max(1, Math.min(4, most, fit));
  for (const lane of [TALL, SHORT]) {
    const rows = Math.ceil(most / columns);
    const height = TITLE + rows * lane + 6;
    if (height <= limit) return { columns, rows, lane, height };
  }
  const across = Math.max(1, Math.floor((width - 12) / MINI));
  const rows = Math.ceil(most / across);
  return { columns: across, rows, lane: MINI, height: Math.min(limit, TITLE + rows * MINI + 6) };
}

/** Put workers into their box, a lane each: {worker, x, y, w, h}. If not all fit, only those that are running a job
 * (`running` maps a worker to its job). `wide` lanes have room for a name, `tall` ones for two lines of text. */
export function arrangeWorkers(workers, running, box, need) {
  const { columns, lane } = planLanes({ ...need, most: workers.length }, box.w, box.h);
  const inner = { x: box.x + 6, y: box.y + TITLE, w: box.w - 12, h: box.h - TITLE - 4 };
  const room = columns * Math.max(1, Math.floor(inner.h / lane));
  const shown = workers.length <= room ? workers : workers.filter((worker) => running.has(worker));
  const lanes = shown.slice(0, room).map((worker, i) => ({
    worker,
    x: inner.x + (i % columns) * (inner.w / columns),
    y: inner.y + Math.floor(i / columns) * lane,
    w: inner.w / columns - (columns > 1 ? 4 : 0),
    h: lane - 4,
  }));
  return { lanes, wide: lane > MINI, tall: lane === TALL };
}
