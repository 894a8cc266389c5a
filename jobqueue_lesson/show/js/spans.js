// The spans of time that the timeline draws: what every job was doing when. As `History.spans` in history.py cuts them.

const ENDS = { complete: "completed", fail: "failed", release: "released" }; // how an attempt ended, by the move

/** The bands of a flow diagram, from the bottom up. */
const STACK = ["completed", "failed", "processing", "backing off", "delayed", "waiting"];

/** Cut a record into spans: {job, look, start, end, mark, ended}. `look` and `mark`, which is undefined for most, are
 * keys of `LOOKS` in style.py. One that has not `ended` reaches to the record's end. */
export function cutSpans({ events, lastOf, end }) {
  const spans = [];
  for (let job = 0; job < lastOf.length; job++) {
    const moves = [];
    for (let i = lastOf[job]; i >= 0; i = events[i].previous)
      if (events[i].move !== "progress") moves.unshift(events[i]);
    for (const [n, event] of moves.entries()) {
      const next = moves[n + 1];
      spans.push(...spansAfter(event, next, Math.max(event.at, next ? next.at : end)));
    }
  }
  return spans;
}

/** Return the spans between an event of a job and the next one, or now. */
function spansAfter(event, next, until) {
  const { job, status, at } = event;
  if (status === "processing") {
    const failed = next?.move === "retry" || next?.move === "fail";
    const look = failed ? "failed attempt" : status;
    return [{ job, look, start: at, end: until, mark: ENDS[next?.move], ended: Boolean(next) }];
  }
  if (status !== "pending") return [];
  const due = Math.min(Math.max(event.due, at), until);
  const early = event.move === "retry" ? "backing off" : "delayed";
  return [
    { job, look: early, start: at, end: due, ended: Boolean(next) || due < until },
    { job, look: "waiting", start: due, end: until, ended: Boolean(next) },
  ].filter(({ start, end }) => start < end);
}

/** Count the jobs in each state over time, for a flow diagram: {times, bands: [{look, counts}]}, from the bottom up,
 * without bands that are always empty. */
export function countFlow(record) {
  const changes = [];
  for (const { look, start, end, ended } of cutSpans(record)) {
    const state = look === "failed attempt" ? "processing" : look;
    changes.push([start, state, 1]);
    if (ended) changes.push([end, state, -1]);
  }
  for (const { at, move, status, next } of record.events) {
    if (move !== "complete" && move !== "fail") continue;
    changes.push([at, status, 1]);
    if (next >= 0) changes.push([record.events[next].at, status, -1]);
  }
  changes.sort(([t], [u]) => t - u);
  const now = Object.fromEntries(STACK.map((look) => [look, 0]));
  const times = [];
  const counts = Object.fromEntries(STACK.map((look) => [look, []]));
  for (const [n, [time, state, change]] of changes.entries()) {
    now[state] += change;
    if (changes[n + 1]?.[0] === time) continue;
    times.push(time);
    for (const look of STACK) counts[look].push(now[look]);
  }
  const bands = STACK.filter((look) => counts[look].some(Boolean)).map((look) => ({ look, counts: counts[look] }));
  return { times, bands };
}
